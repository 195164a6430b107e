using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class TraceCommandTests
{
    [Fact]
    public void A_trace_becomes_distances_and_these_become_training_data()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["trace.log"], "0, 2, 1, 0, 2, 2, 3, 1, 0, 4, 0");
        for (int table = 0; table < 3; table++)
        {
            Ended profiled = ToolRunner.Run(
                "trace", folder["trace.log"], $"--dist-file={folder[$"dist_emb_{table}.log"]}", "--synthetic-file=" + folder["out.log"]);
            Assert.Equal(0, profiled.Code);
            Assert.StartsWith("11 accesses of 5 rows", profiled.Out, StringComparison.Ordinal);
        }

        Assert.Equal("0, 2, 1, 3, 4", File.ReadLines(folder["dist_emb_0.log"]).First());
        Assert.Equal(11, File.ReadAllText(folder["out.log"]).Split(", ").Length);
        Ended trained = ToolRunner.Run(
            ["train", .. ToolRunner.Readme, "--data-generation=synthetic", "--data-trace-file=" + folder["dist_emb_j.log"], "--data-trace-enable-padding=True",
                "--output-dir=" + folder["run"]]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Contains("table 1 reaches row 4, but the table has 3 rows", trained.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_or_would_not_be_read_is_named()
    {
        using var folder = new ScratchFolder();
        Ended missing = ToolRunner.Run(["train", .. ToolRunner.Readme, "--data-generation=synthetic", "--data-trace-file=" + folder["dist_emb_j.log"]]);
        Assert.Equal(2, missing.Code);
        Assert.Contains("dist_emb_0.log for table 0", missing.Error, StringComparison.Ordinal);
        Ended unread = ToolRunner.Run(["train", .. ToolRunner.Readme, "--data-trace-file=x"]);
        Assert.Equal(2, unread.Code);
        Assert.Contains("--data-generation=random would not read it", unread.Error, StringComparison.Ordinal);
        Assert.Contains("there is no such file", ToolRunner.Run("trace", folder["none"]).Error, StringComparison.Ordinal);
    }
}
