using System.Text.Json;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class ReportCommandTests : IDisposable
{
    private static readonly string[] Sample =
    [
        "train", "--data-generation=sample", "--arch-mlp-bot=6-16-4", "--arch-mlp-top=8-1", "--arch-sparse-feature-size=4",
        "--loss-function=bce", "--learning-rate=0.1", "--mini-batch-size=128", "--test-mini-batch-size=4096", "--num-batches=40",
        "--test-freq=20", "--print-freq=10",
    ];

    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void Runs_are_compared_in_one_page()
    {
        Train("a", "--report-slices=workclass,sex");
        Train("b", "--optimizer=adagrad");
        Ended ended = ToolRunner.Run("report", _scratch["a"], _scratch["b"], $"--output={_scratch["page.html"]}");
        Assert.Equal((ExitCode.Done, "", _scratch["page.html"]), (ended.Code, ended.Error, ended.Lines[0]));
        string page = File.ReadAllText(_scratch["page.html"]);
        Assert.Contains("2 runs compared", page, StringComparison.Ordinal);
        Assert.Contains("--optimizer", page, StringComparison.Ordinal);
        Assert.Contains("Private", page, StringComparison.Ordinal); // A value of workclass.
        Assert.Contains("<h3>ROC</h3>", page, StringComparison.Ordinal);
        Assert.Contains("By slice", File.ReadAllText(_scratch["a/report.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_run_does_not_keep_the_others_out()
    {
        Train("a");
        Directory.CreateDirectory(_scratch["broken"]);
        File.Copy(_scratch["a/config.json"], _scratch["broken/config.json"]);
        Ended ended = ToolRunner.Run("report", _scratch["broken"], _scratch["a"], _scratch["absent"], $"--output={_scratch["page.html"]}");
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Contains($"Warning: left out: {_scratch["broken"]} has no metrics.jsonl", ended.Error, StringComparison.Ordinal);
        Assert.Contains($"Warning: left out: {_scratch["absent"]}: there is no such folder.", ended.Error, StringComparison.Ordinal);
        Assert.Contains("has no metrics.jsonl", File.ReadAllText(_scratch["page.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_run_that_can_be_read_there_is_no_page()
    {
        Ended ended = ToolRunner.Run("report", _scratch["absent"], $"--output={_scratch["page.html"]}");
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.False(File.Exists(_scratch["page.html"]));
        Assert.Equal(ExitCode.BadUsage, ToolRunner.Run("report").Code);
    }

    [Fact]
    public void Evaluate_slices_as_the_last_test_did()
    {
        Train("a", "--report-slices=workclass,sex");
        Ended ended = ToolRunner.Run(
            "evaluate", _scratch["a"], "--format=json", "--report-slices=workclass,7", $"--output-dir={_scratch["b"]}");
        Assert.Equal(ExitCode.Done, ended.Code);
        JsonElement printed = JsonDocument.Parse(ended.Out).RootElement.GetProperty("slices");
        JsonElement trained = JsonDocument.Parse(File.ReadAllText(_scratch["a/curves.json"])).RootElement.GetProperty("slices");
        JsonElement evaluated = JsonDocument.Parse(File.ReadAllText(_scratch["b/curves.json"])).RootElement.GetProperty("slices");
        Assert.Equal(trained[0].GetRawText(), printed[0].GetRawText());
        Assert.Equal(printed.GetRawText(), evaluated.GetRawText());
        Assert.Equal("workclass", printed[0].GetProperty("feature").GetString());
        long samples = printed[0].GetProperty("slices").EnumerateArray().Sum(slice => slice.GetProperty("samples").GetInt64());
        Assert.Equal(JsonDocument.Parse(ended.Out).RootElement.GetProperty("samples").GetInt64(), samples);
        ended = ToolRunner.Run("evaluate", _scratch["a"], "--report-slices=sex");
        Assert.Contains("Female", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_feature_that_is_not_there_is_refused_with_those_that_are()
    {
        Ended ended = ToolRunner.Run([.. Sample, "--report-slices=wrokclass", $"--output-dir={_scratch["a"]}"]);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains("no categorical feature 'wrokclass'; give a number from 0 to 13, or one of workclass, ", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch["a"]));
    }

    public void Dispose() => _scratch.Dispose();

    private void Train(string name, params string[] more) =>
        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. Sample, .. more, $"--output-dir={_scratch[name]}"]).Code);
}
