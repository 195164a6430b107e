using System.Text.Json;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Tests.Golden;
using Dlrm.Interop.Tests.TensorBoard;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

public sealed class TensorBoardEventsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void The_events_are_the_lines_of_metrics_jsonl()
    {
        List<ReadEvent> events = Train("mlperf-eval");
        JsonElement[] lines = [.. File.ReadLines(_scratch["out/metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        AssertCurve("train", "loss", "Train/Loss");
        AssertCurve("train", "lr", "Train/LearningRate");
        AssertCurve("eval", "accuracy", "Test/Acc");
        AssertCurve("eval", "auc", "Test/AUC");
        AssertCurve("eval", "log_loss", "Test/LogLoss");
        AssertCurve("eval", "auc", "mlperf-metrics-test/roc_auc"); // The reference's own tags.
        AssertCurve("eval", "average_precision", "mlperf-metrics-test/ap");
        AssertCurve("eval", "f1", "mlperf-metrics-test/f1");

        void AssertCurve(string kind, string member, string tag)
        {
            (long, float)[] expected =
            [
                .. lines.Where(line => line.GetProperty("kind").GetString() == kind && line.GetProperty(member).ValueKind == JsonValueKind.Number)
                    .Select(line => (line.GetProperty("step").GetInt64(), (float)line.GetProperty(member).GetDouble())),
            ];
            Assert.NotEmpty(expected);
            Assert.Equal(expected, events.Where(one => one.Tag == tag).Select(one => (one.Step, one.Scalar!.Value)));
        }
    }

    [Fact]
    public void The_configuration_is_there_as_text()
    {
        List<ReadEvent> events = Train("readme", "--learning-rate=0.25");
        ReadEvent text = Assert.Single(events, one => one.Tag == "run/configuration");
        Assert.Equal("text", text.Plugin);
        Assert.Contains("| learning-rate | 0.25 |", text.Text, StringComparison.Ordinal);
        Assert.Contains("dlrm train ", Assert.Single(events, one => one.Tag == "run/command").Text, StringComparison.Ordinal);
        Assert.DoesNotContain(events, one => one.Moments is not null); // Histograms only on request.
    }

    [Fact]
    public void Histograms_hold_every_parameter_and_every_dense_gradient()
    {
        List<ReadEvent> events = Train("eval", "--tensor-board-histograms");
        ReadEvent[] tables = [.. events.Where(one => one.Tag == "parameters/emb_l.0.weight")];
        Assert.Equal(0, tables[0].Step);
        Assert.True(tables.Length > 1);
        Assert.Contains(events, one => one.Tag == "gradients/top_l.0.weight" && one.Moments![2] > 0 && one.Step > 0);
        Assert.Contains(events, one => one.Tag == "gradients/bot_l.0.bias");
        Assert.DoesNotContain(events, one => one.Tag?.StartsWith("gradients/emb", StringComparison.Ordinal) == true);
        Assert.All(events.Where(one => one.Moments is not null), one => Assert.Equal(one.Moments![2], one.Counts.Sum()));
    }

    [Fact]
    public void A_second_run_into_the_same_folder_adds_a_file()
    {
        Train("readme");
        string[] arguments = [.. GoldenCase.Find("readme").Arguments, $"--output-dir={_scratch["b"]}", $"--tensor-board-filename={_scratch["tb"]}"];
        Assert.Equal(ExitCode.Done, ToolRunner.Run(["train", .. arguments]).Code);
        Assert.Equal(2, Directory.GetFiles(_scratch["tb"]).Length);
    }

    [Fact]
    public void Histograms_without_a_folder_are_said_to_have_no_effect()
    {
        Ended ended = ToolRunner.Run(["train", .. ToolRunner.Readme, "--tensor-board-histograms", $"--output-dir={_scratch["out"]}"]);
        Assert.Contains("--tensor-board-histograms has no effect without", ended.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _scratch.Dispose();

    private List<ReadEvent> Train(string name, params string[] more)
    {
        string[] arguments =
            [.. GoldenCase.Find(name).Arguments, .. more, $"--output-dir={_scratch["out"]}", $"--tensor-board-filename={_scratch["tb"]}"];
        Assert.Equal(ExitCode.Done, ToolRunner.Run(["train", .. arguments]).Code);
        return ReadEvent.All(Directory.GetFiles(_scratch["tb"], "events.out.tfevents.*").Single());
    }
}
