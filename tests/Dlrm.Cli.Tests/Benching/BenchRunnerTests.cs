using System.Text.Json;
using Dlrm.Cli.Benching;
using Xunit;

namespace Dlrm.Cli.Tests.Benching;

public sealed class BenchRunnerTests
{
    private static readonly string[] Members =
    [
        "preset", "batch", "threads", "iters", "instruction_set", "train_ms", "infer_ms", "train_samples_per_s",
        "infer_samples_per_s", "gflops", "floor_ms", "fraction_of_floor", "infer_floor_ms",
        "infer_fraction_of_floor", "best_train_ms", "best_fraction_of_floor", "best_infer_ms", "best_infer_fraction_of_floor",
        "floor", "breakdown",
    ];

    [Theory]
    [InlineData("gemm", 8)]
    [InlineData("kaggle", 2)]
    public void The_JSON_has_its_members_and_they_agree(string preset, int batch)
    {
        using var output = new StringWriter();
        BenchRunner.Run(new BenchOptions { Preset = preset, Batch = batch, Threads = 2, Iterations = 3, Json = true }, output);

        string text = Assert.Single(output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        using JsonDocument json = JsonDocument.Parse(text);
        JsonElement root = json.RootElement;
        Assert.Equal(Members, root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(preset, root.GetProperty("preset").GetString());
        Assert.Equal(batch, root.GetProperty("batch").GetInt32());
        Assert.Equal(3, root.GetProperty("iters").GetInt32());
        double trainMs = root.GetProperty("train_ms").GetDouble();
        Assert.Equal(1000 * batch / trainMs, root.GetProperty("train_samples_per_s").GetDouble(), 6);
        JsonElement floor = root.GetProperty("floor");
        double parts = floor.GetProperty("compute_ms").GetDouble() + floor.GetProperty("gather_ms").GetDouble()
            + floor.GetProperty("update_ms").GetDouble();
        Assert.Equal(parts, root.GetProperty("floor_ms").GetDouble(), 9);
        Assert.True(floor.GetProperty("peak_gflops").GetDouble() > 0);
        Assert.True(root.GetProperty("breakdown").EnumerateObject().All(stage => stage.Value.GetDouble() >= 0));
    }

    [Fact]
    public void The_table_names_what_was_measured()
    {
        using var output = new StringWriter();
        BenchRunner.Run(new BenchOptions { Preset = "gemm", Batch = 4, Threads = 1, Iterations = 1 }, output);
        string text = output.ToString();
        Assert.StartsWith("gemm, batch 4, 1 thread, ", text, StringComparison.Ordinal);
        Assert.Contains("training", text, StringComparison.Ordinal);
        Assert.Contains("backward", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_preset_gets_the_known_ones()
    {
        string message = Assert.Throws<ArgumentException>(() => BenchRunner.Measure(new BenchOptions { Preset = "x" })).Message;
        Assert.Contains("kaggle, embedding-heavy, gemm", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kaggle", 0.949e6, 2.83e6)] // published: 0.95 and 2.84 MFLOP a sample
    [InlineData("embedding-heavy", 4.99e6, 14.45e6)] // 10.2 and 29.6 GFLOP a batch of 2048
    public void The_operations_of_a_sample_are_those_of_its_towers(string preset, double infer, double train)
    {
        (double inferFlops, double trainFlops) = ModelWorkload.FlopsOfSample(BenchPreset.Find(preset).Config!);
        Assert.Equal(infer, inferFlops, 0.01e6);
        Assert.Equal(train, trainFlops, 0.01e6);
    }

    [Fact]
    public void Served_rounds_answer_line_by_line()
    {
        using var input = new StringReader("load gemm 4 1\ntrain 3\ninfer 2\nload gemm 2 2\ntrain 1\n");
        using var output = new StringWriter();
        BenchServer.Run(input, output);

        string[] lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        int[] counts = [.. lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Select(answer => answer.TryGetProperty("ms", out JsonElement times) ? times.GetArrayLength() : -1)];
        Assert.Equal([-1, 3, 2, -1, 1], counts);
        Assert.Contains("\"instruction_set\":", lines[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train 1")]
    [InlineData("load gemm 4")]
    public void A_request_that_is_none_is_named(string line)
    {
        using var input = new StringReader(line);
        using var output = new StringWriter();
        Assert.Contains(line, Assert.Throws<ArgumentException>(() => BenchServer.Run(input, output)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Medians_are_of_sorted_values()
    {
        var samples = new Samples();
        Assert.Equal(0, samples.Median);
        foreach (double value in (double[])[9, 1, 5])
        {
            samples.Add(value);
        }

        Assert.Equal(5, samples.Median);
        samples.Add(6);
        Assert.Equal(5.5, samples.Median);
        Assert.Equal(1, samples.Least);
    }
}
