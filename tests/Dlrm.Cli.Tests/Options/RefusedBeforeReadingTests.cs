using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Options;

/// <summary>Contradictory flags end a run before a byte of its data is read: the file here could not be read at all.</summary>
public class RefusedBeforeReadingTests
{
    [Theory]
    [InlineData("--arch-mlp-bot=13-4", "--arch-mlp-bot=13-4")]
    [InlineData("--qr-operation=concat", "--qr-flag", "--qr-operation=concat")]
    [InlineData("--md-temperature=2", "--md-flag", "--md-temperature=2")]
    [InlineData("--qr-collisions=0", "--qr-flag", "--qr-collisions=0")]
    [InlineData("--loss-weights=1-2-3", "--loss-function=wbce", "--loss-weights=1-2-3")]
    [InlineData("--pooling=sum,mean has 2 entries, but there are 26 tables (--data-generation=dataset)", "--pooling=sum,mean")]
    [InlineData("--max-ind-range-per-table=9-9 has 2 entries, but there are 26 tables", "--max-ind-range-per-table=9-9")]
    [InlineData("--qr-threshold above --md-threshold", "--qr-flag", "--md-flag")]
    public void Data_are_not_touched(string message, params string[] arguments)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["train.txt"], "no click log");
        Ended run = ToolRunner.Run(
        [
            "train", "--data-generation=dataset", $"--raw-data-file={folder["train.txt"]}", .. arguments,
            $"--output-dir={folder["run"]}",
        ]);
        Assert.Equal(ExitCode.BadUsage, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal([folder["train.txt"]], Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
