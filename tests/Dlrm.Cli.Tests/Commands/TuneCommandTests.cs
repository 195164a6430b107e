using System.Text.Json.Nodes;
using System.Xml.Linq;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class TuneCommandTests
{
    private static readonly string[] Small =
    [
        "tune", "--data-generation=sample", "--budget=4", "--seeds=2", "--num-threads=1", "--nepochs=1", "--mini-batch-size=512",
        "--arch-mlp-bot=6-8-4", "--arch-mlp-top=8-1", "--arch-sparse-feature-size=4", "--min-frequency=4",
    ];

    [Fact]
    public void It_goes_on_where_it_was_interrupted_and_gives_the_same_results()
    {
        using var folder = new ScratchFolder();
        Ended whole = ToolRunner.Run([.. Small, $"--output-dir={folder["whole"]}"]);
        Assert.True(whole.Code == 0, whole.Error);
        string[] journal = File.ReadAllLines(folder["whole/journal.jsonl"]);
        Assert.Equal(1 + 4 + 2 + 2, journal.Length);

        // Killed while the fourth line was being written.
        Directory.CreateDirectory(folder["part"]);
        File.WriteAllText(folder["part/journal.jsonl"], string.Join('\n', journal[..3]) + "\n" + journal[3][..10]);
        Ended part = ToolRunner.Run([.. Small, $"--output-dir={folder["part"]}"]);
        Assert.True(part.Code == 0, part.Error);
        Assert.Contains("Going on after 2 trainings.", part.Out, StringComparison.Ordinal);
        foreach (string name in new[] { "journal.jsonl", "results.json", "best.json", "report.html" })
        {
            Assert.Equal(File.ReadAllText(folder["whole/" + name]), File.ReadAllText(folder["part/" + name]));
        }

        XDocument.Parse(File.ReadAllText(folder["whole/report.html"]));
        JsonNode results = JsonNode.Parse(File.ReadAllText(folder["whole/results.json"]))!;
        Assert.Equal([3, 2, 1, 1], results["settings"]!.AsArray().Select(row => (int)row!["rounds"]!));

        // Its best setting is a file of options for train.
        Ended train = ToolRunner.Run("train", $"--config={folder["whole/best.json"]}", "--num-batches=2", $"--output-dir={folder["run"]}");
        Assert.True(train.Code == 0, train.Error);
    }

    [Fact]
    public void Another_tuning_s_folder_is_refused()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["journal.jsonl"], "{\"tune\":\"dlrm tune --budget=9\"}\n");
        Ended ended = ToolRunner.Run([.. Small, $"--output-dir={folder.Path}"]);
        Assert.Equal(2, ended.Code);
        Assert.Contains("belongs to another tuning", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_held_out_samples_there_is_nothing_to_compare_by()
    {
        Ended ended = ToolRunner.Run([.. Small, "--validation-fraction=0"]);
        Assert.Equal(2, ended.Code);
        Assert.Contains("The test samples are not used", ended.Error, StringComparison.Ordinal);
    }
}
