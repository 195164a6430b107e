using System.Text.Json;
using System.Xml.Linq;
using Dlrm.Cli.Benching;
using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Benching;

public sealed class BenchComparisonTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_row_that_kept_its_share_of_the_floor_is_good()
    {
        Ended ended = ToolRunner.Run("bench", "--compare=" + Baseline(Row("gemm", 4, 1e-6)), "--iters=1");
        Assert.Equal(0, ended.Code);
        Assert.Contains("gemm, 4, 1 ", ended.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("worse", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_lost_more_than_it_may_ends_with_1()
    {
        Ended ended = ToolRunner.Run("bench", "--compare=" + Baseline(Row("gemm", 4, 1e6)), "--iters=1");
        Assert.Equal(1, ended.Code);
        Assert.Contains("  worse", ended.Out, StringComparison.Ordinal);
        Assert.EndsWith("A row lost more than 15% of its share of the floor, measured 3 times.", ended.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void With_JSON_standard_output_is_a_baseline_again()
    {
        Ended ended = ToolRunner.Run("bench", "--compare=" + Baseline(Row("gemm", 4, 1e-6)), "--iters=1", "--format=json");
        Assert.Equal(0, ended.Code);
        Assert.Contains("gemm, 4, 1 ", ended.Error, StringComparison.Ordinal);
        BaselineRow row = Assert.Single(BenchBaseline.Read(Baseline(ended.Out)));
        Assert.Equal(("gemm", 4, 1), (row.Preset, row.Batch, row.Threads));
    }

    [Fact]
    public void A_row_may_lose_its_part_and_no_more()
    {
        BenchResult now = Result(train: 0.86, infer: 0.9);
        Assert.False(BenchComparison.IsWorse(new BaselineRow("gemm", 4, 1, 1, 1), now, 0.15));
        Assert.True(BenchComparison.IsWorse(new BaselineRow("gemm", 4, 1, 1.02, 1), now, 0.15));
        Assert.True(BenchComparison.IsWorse(new BaselineRow("gemm", 4, 1, 1, 1.1), now, 0.15));
    }

    [Fact]
    public void Of_a_history_the_last_measurement_counts()
    {
        string history = "{\"commit\":\"a\",\"rows\":[" + Row("kaggle", 128, 0.5) + "]}\n"
            + "{\"commit\":\"b\",\"rows\":[" + Row("kaggle", 2048, 0.6) + "," + Row("gemm", 8, 0.7) + "]}\n";
        Assert.Equal(
            [new BaselineRow("kaggle", 2048, 1, 0.6, 0.6), new BaselineRow("gemm", 8, 1, 0.7, 0.7)], BenchBaseline.Read(Baseline(history)));
    }

    [Fact]
    public void Of_rows_alone_the_last_of_each_kind_counts()
    {
        string rows = Row("kaggle", 128, 0.5) + "\n" + Row("gemm", 8, 0.7) + "\n" + Row("kaggle", 128, 0.6);
        Assert.Equal(
            [new BaselineRow("kaggle", 128, 1, 0.6, 0.6), new BaselineRow("gemm", 8, 1, 0.7, 0.7)], BenchBaseline.Read(Baseline(rows)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"rows\":[]}")]
    [InlineData("{\"preset\":\"kaggle\"}")]
    [InlineData("[1]")]
    [InlineData("time 3 ms")]
    public void A_file_without_rows_is_refused_by_name(string text)
    {
        string path = Baseline(text);
        Assert.StartsWith("--compare=" + path, Assert.Throws<UsageException>(() => BenchBaseline.Read(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--preset=gemm")]
    [InlineData("--mini-batch-size=4")]
    [InlineData("--num-threads=1")]
    public void What_the_file_chooses_cannot_be_chosen_beside_it(string option)
    {
        Ended ended = ToolRunner.Run("bench", "--compare=none.json", option);
        Assert.Equal(2, ended.Code);
        Assert.Contains(option.Split('=')[0], ended.Error, StringComparison.Ordinal);
        Assert.Contains("--compare=none.json", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_picture_has_a_dot_for_each_kind_of_step()
    {
        string path = _folder["roof.svg"];
        Assert.Equal(0, ToolRunner.Run("bench", "--preset=kaggle", "--mini-batch-size=2", "--num-threads=1", "--iters=1", "--roofline=" + path).Code);
        XNamespace svg = "http://www.w3.org/2000/svg";
        string[] titles = [.. XDocument.Load(path).Descendants(svg + "circle").Select(dot => dot.Element(svg + "title")!.Value)];
        Assert.Equal(2, titles.Length);
        Assert.StartsWith("kaggle 2, 1, training: ", titles[0], StringComparison.Ordinal);
        Assert.StartsWith("kaggle 2, 1, inference: ", titles[1], StringComparison.Ordinal);
    }

    private static string Row(string preset, int batch, double share) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{{\"preset\":\"{preset}\",\"batch\":{batch},\"threads\":1,\"best_fraction_of_floor\":{share},\"best_infer_fraction_of_floor\":{share}}}");

    private static BenchResult Result(double train, double infer)
    {
        using var output = new StringWriter();
        BenchRunner.Run(new BenchOptions { Preset = "gemm", Batch = 1, Threads = 1, Iterations = 1, Json = true }, output);
        return JsonSerializer.Deserialize(output.ToString(), BenchJson.Default.BenchResult)! with
        {
            BestFractionOfFloor = train,
            BestInferFractionOfFloor = infer,
        };
    }

    private string Baseline(string text)
    {
        string path = _folder[$"{Guid.NewGuid():N}.json"];
        File.WriteAllText(path, text);
        return path;
    }
}
