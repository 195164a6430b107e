using System.Text.Json.Nodes;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary>--recipe, and what goes with held-out samples.</summary>
public sealed class RecipeTests
{
    private static readonly string[] Short = ["train", "--recipe=tuned", "--nepochs=1", "--num-batches=3", "--num-threads=1", "--arch-mlp-bot=6-8-4", "--arch-mlp-top=8-1", "--arch-sparse-feature-size=4"];

    [Fact]
    public void What_the_recipe_sets_is_printed_and_recorded_and_a_flag_overrides_it()
    {
        using var folder = new ScratchFolder();
        Ended ended = ToolRunner.Run([.. Short, "--data-generation=sample", "--embedding-l2=0.5", $"--output-dir={folder["run"]}"]);
        Assert.True(ended.Code == 0, ended.Error);
        Assert.Contains("--recipe=tuned sets", ended.Error, StringComparison.Ordinal);
        Assert.Contains("--optimizer=adagrad", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("--embedding-l2", ended.Error, StringComparison.Ordinal);
        JsonNode options = JsonNode.Parse(File.ReadAllText(folder["run/config.json"]))!["options"]!;
        Assert.Equal(("adagrad", 0.5, "bce"), ((string?)options["optimizer"], (double)options["embedding-l2"]!, (string?)options["loss-function"]));
        Assert.Equal("6-8-4", (string?)options["arch-mlp-bot"]);
    }

    [Fact]
    public void With_held_out_samples_the_test_samples_are_scored_once_and_evaluate_agrees()
    {
        using var folder = new ScratchFolder();
        Ended ended = ToolRunner.Run(
        [
            .. Short, "--data-generation=sample", "--validation-fraction=0.1", "--early-stopping", "--test-freq=1",
            $"--output-dir={folder["run"]}",
        ]);
        Assert.True(ended.Code == 0, ended.Error);
        JsonNode[] lines = [.. File.ReadLines(folder["run/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!)];
        Assert.All(lines.Where(line => (string?)line["kind"] == "eval"), line => Assert.Equal(2_604, (int)line["samples"]!));
        JsonNode final = Assert.Single(lines, line => (string?)line["kind"] == "final");
        Assert.Equal(6_513, (int)final["samples"]!);
        Assert.False(Directory.Exists(folder["run/best-validation"]));
        Ended evaluated = ToolRunner.Run("evaluate", folder["run"], "--format=json", "--num-threads=1");
        Assert.True(evaluated.Code == 0, evaluated.Error);
        Assert.Equal((double)final["log_loss"]!, (double)JsonNode.Parse(evaluated.Out)!["log_loss"]!);
    }

    [Theory]
    [InlineData("--early-stopping needs samples held out", "--early-stopping")]
    [InlineData("--early-stopping needs tests", "--early-stopping", "--validation-fraction=0.1", "--test-freq=-1")]
    [InlineData("--reduce-on-plateau needs samples held out", "--reduce-on-plateau=0.1")]
    [InlineData("--validation-split names a part of a data set folder", "--validation-split=validation")]
    [InlineData("--average-weights=0.9 and --save-best", "--average-weights=0.9", "--save-best=auc")]
    [InlineData("--average-weights=0.9 and --save-model=m", "--average-weights=0.9", "--save-model=m")]
    [InlineData("--average-weights=0.9 and --embedding-dtype=bf16", "--average-weights=0.9", "--embedding-dtype=bf16")]
    [InlineData("expected a factor between 0 and 1", "--reduce-on-plateau=2")]
    [InlineData("--validation-fraction holds samples of a data set out", "--validation-fraction=0.1", "--data-generation=random")]
    public void Contradictions_are_refused_before_data_are_read(string message, params string[] arguments)
    {
        Ended ended = ToolRunner.Run(["train", "--data-generation=sample", .. arguments]);
        Assert.Equal(2, ended.Code);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
    }
}
