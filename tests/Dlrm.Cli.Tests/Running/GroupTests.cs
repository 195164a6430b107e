using System.Text.Json;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>A data set folder's group column and the names of its values, in tests.</summary>
public sealed class GroupTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void Tests_of_a_grouped_data_set_have_an_AUC_by_group_and_slices_have_names()
    {
        IEnumerable<string> rows = Enumerable.Range(0, 600).Select(row => $"{(row % 7 < 3 ? 1 : 0)},{row % 7},colour{row % 5},user{row % 40}");
        File.WriteAllLines(_scratch["rows.csv"], rows.Prepend("label,x,colour,user"));
        Succeed("preprocess", _scratch["rows.csv"], $"--output={_scratch["set"]}", "--label=label", "--dense=x", "--sparse=colour", "--group=user");
        Succeed(
            "train", "--data-generation=dataset", $"--data-set={_scratch["set"]}", "--arch-sparse-feature-size=4", "--arch-mlp-bot=1-4",
            "--arch-mlp-top=4-1", "--mini-batch-size=16", "--loss-function=bce", "--test-freq=20", "--report-slices=colour",
            $"--output-dir={_scratch["run"]}");
        Assert.Contains("AUC by group", File.ReadAllText(_scratch["run/report.html"]), StringComparison.Ordinal);
        Assert.Contains("\"colour3\"", File.ReadAllText(_scratch["run/curves.json"]), StringComparison.Ordinal);

        Ended scored = Succeed("evaluate", _scratch["run"], "--format=json", "--report-slices=colour");
        JsonElement groups = JsonDocument.Parse(scored.Out).RootElement.GetProperty("groups");
        Assert.InRange(groups.GetProperty("auc").GetDouble(), 0, 1);
        Assert.InRange(groups.GetProperty("ranked").GetInt64(), 1, groups.GetProperty("count").GetInt64());
        Assert.InRange(groups.GetProperty("count").GetInt64(), 2, 40);
        Assert.Contains("AUC by group", Succeed("evaluate", _scratch["run"]).Out, StringComparison.Ordinal);
    }

    public void Dispose() => _scratch.Dispose();

    private static Ended Succeed(params string[] arguments)
    {
        Ended ended = ToolRunner.Run(arguments);
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
        return ended;
    }
}
