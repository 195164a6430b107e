using Xunit;

namespace Dlrm.Cli.Tests.Running;

public class TableOptionTests
{
    [Fact]
    public void The_sample_takes_options_of_its_eight_tables()
    {
        using var folder = new ScratchFolder();
        Ended run = ToolRunner.Run(
            "train", "--data-generation=sample", "--num-batches=2", "--nepochs=1", "--numbers-as-categories=false", "--max-ind-range-per-table=4-0-5-0-0-0-0-7",
            "--pooling=sum,mean,sum,sum,sum,sum,sum,mean", $"--output-dir={folder["run"]}");
        Assert.Equal(0, run.Code);
        Assert.Contains("\"tableRows\": [\n    4,", File.ReadAllText(folder["run/model/config.json"]).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Ended test = ToolRunner.Run("evaluate", folder["run"], "--num-batches=2");
        Assert.Equal(0, test.Code);
    }

    [Fact]
    public void Random_data_and_the_model_keep_to_the_bounds()
    {
        using var folder = new ScratchFolder();
        Ended run = ToolRunner.Run(
            ["train", .. ToolRunner.Readme, "--max-ind-range-per-table=2-0-1", "--pooling=mean", $"--output-dir={folder["run"]}"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("2,\n    3,\n    1\n", File.ReadAllText(folder["run/model/config.json"]).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
