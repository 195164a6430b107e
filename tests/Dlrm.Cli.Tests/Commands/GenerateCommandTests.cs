using System.Text.Json;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class GenerateCommandTests
{
    [Fact]
    public void A_model_can_be_trained_on_what_is_made()
    {
        using var folder = new ScratchFolder();
        Ended made = ToolRunner.Run(
            "generate", "--preset=criteo-like", "--rows", "2.1k", "--skew", "1.1", "--seed", "7", "--table-rows=1k", "--best-auc=0.9", "--output", folder["made"]);
        Assert.Equal(0, made.Code);
        Assert.Contains("best AUC", made.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("test                 150", made.Lines[2], StringComparison.Ordinal);
        Assert.Contains("2,100 rows", made.Lines[^1], StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["made"], "generated.json")));
        Assert.Equal(2100, report.RootElement.GetProperty("best").GetProperty("rows").GetInt32());
        Ended trained = ToolRunner.Run(
            "train", "--data-generation=dataset", "--data-set=" + folder["made"], "--arch-sparse-feature-size=2", "--arch-mlp-bot=13-2",
            "--arch-mlp-top=4-1", "--loss-function=bce", "--mini-batch-size=100", "--output-dir=" + folder["run"], "--num-threads=1");
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Contains("is there already", ToolRunner.Run(
            "generate", "--rows=2100", "--seed=7", "--table-rows=1000", "--best-auc=0.9", "--output=" + folder["made"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Criteos_presets_read_the_text()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(0, ToolRunner.Run("generate", "--rows=700", "--table-rows=100", "--output=" + folder["train.txt"]).Code);
        Ended made = ToolRunner.Run("preprocess", folder["train.txt"], "--preset=criteo-kaggle", "--output=" + folder["made"]);
        Assert.True(made.Code == 0, made.Error);
        Assert.Contains("50 rows", made.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("made.csv", "--rows=10", "the ending .csv names no format")]
    [InlineData("made", "--rows=many", "--rows=many: expected a number of rows, such as 5000 or 10M")]
    [InlineData("made", "--rows=5", "--rows=5: give 7 or more")]
    public void Bad_options_are_refused(string output, string option, string message)
    {
        Ended ended = ToolRunner.Run("generate", "--output=" + output, option);
        Assert.Equal(2, ended.Code);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
    }
}
