using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary>--validation-split, and what else docs/accuracy.md says of a data set folder and of first values.</summary>
public sealed class HeldOutTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void Tests_are_on_the_part_held_out_and_the_test_part_is_scored_once()
    {
        Make();
        Ended ended = Train("run", "--validation-split=validation", "--early-stopping=2", "--test-freq=2", "--nepochs=2");
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
        JsonNode[] lines = [.. File.ReadLines(_scratch["run/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!)];
        Assert.All(lines.Where(line => (string?)line["kind"] == "eval"), line => Assert.Equal(60, (int)line["samples"]!));
        JsonNode final = Assert.Single(lines, line => (string?)line["kind"] == "final");
        Assert.Equal(40, (int)final["samples"]!);
        Ended evaluated = ToolRunner.Run("evaluate", _scratch["run"], "--format=json", "--num-threads=1");
        Assert.Equal((double)final["log_loss"]!, (double)JsonNode.Parse(evaluated.Out)!["log_loss"]!);
    }

    [Fact]
    public void Holding_a_part_out_changes_nothing_of_what_is_trained()
    {
        Make();
        Assert.Equal(ExitCode.Done, Train("with", "--validation-split=validation").Code);
        Assert.Equal(ExitCode.Done, Train("without").Code);
        Assert.Equal(
            File.ReadAllBytes(_scratch["with/model/model.safetensors"]), File.ReadAllBytes(_scratch["without/model/model.safetensors"]));
    }

    [Fact]
    public void A_part_that_the_folder_lacks_is_refused_with_those_it_has()
    {
        Make();
        Ended ended = Train("run", "--validation-split=night");
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains("--validation-split=night", ended.Error, StringComparison.Ordinal);
        Assert.Contains("validation (60 rows)", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_by_the_recipe_and_the_best_setting_of_a_tuning_are_repeated_from_their_files()
    {
        Make();
        string[] small = ["--recipe=tuned", "--arch-mlp-bot=1-4-2", "--arch-sparse-feature-size=2", "--arch-mlp-top=4-1"];
        Assert.Equal(ExitCode.Done, Train("run", small).Code);
        Ended again = ToolRunner.Run("train", $"--config={_scratch["run/config.json"]}", $"--output-dir={_scratch["again"]}");
        Assert.True(again.Code == ExitCode.Done, again.Error);
        Assert.Equal(
            File.ReadAllBytes(_scratch["run/model/model.safetensors"]), File.ReadAllBytes(_scratch["again/model/model.safetensors"]));

        Ended tuned = ToolRunner.Run(
        [
            "tune", "--data-generation=dataset", $"--data-set={_scratch["set"]}", "--validation-split=validation", "--budget=3",
            "--seeds=1", "--num-threads=1", "--nepochs=1", .. small, $"--output-dir={_scratch["tuned"]}",
        ]);
        Assert.True(tuned.Code == ExitCode.Done, tuned.Error);
        Ended best = ToolRunner.Run("train", $"--config={_scratch["tuned/best.json"]}", $"--output-dir={_scratch["best"]}");
        Assert.True(best.Code == ExitCode.Done, best.Error);
    }

    [Theory]
    [InlineData("0.001", 0.001)]
    [InlineData("0", 0.2)]
    public void The_first_values_of_the_tables_lie_within_the_bound(string bound, double most)
    {
        Make();
        Assert.Equal(ExitCode.Done, Train("run", $"--embedding-init={bound}", "--learning-rate=0").Code);
        using var folder = ModelFolder.Open(_scratch["run/model"]);

        // 25 values and one row for the unseen: 1/√26 is 0.196.
        TensorInfo table = folder.Tensors["emb_l.0.weight"];
        Assert.Equal([26L, 2L], table.Shape);
        using var memory = new NativeBuffer<float>(52);
        folder.ReadInto("emb_l.0.weight", memory, [26, 2]);
        float[] values = memory.Span.ToArray();
        Assert.InRange(values.Max(Math.Abs), 0.8 * most, most);
    }

    public void Dispose() => _scratch.Dispose();

    private void Make()
    {
        var text = new StringBuilder("click,price,site\n");
        for (int row = 0; row < 200; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(row * 7 % 5) / 3},{row * 0.25},s{row % 25}\n");
        }

        File.WriteAllText(_scratch["clicks.csv"], text.ToString());
        Ended ended = ToolRunner.Run(
            "preprocess", _scratch["clicks.csv"], $"--output={_scratch["set"]}", "--label=click", "--dense=price", "--sparse=site",
            "--split=fraction:0.5,0.2");
        Assert.Equal("", ended.Error);
    }

    private Ended Train(string run, params string[] options) => ToolRunner.Run(
    [
        "train", "--data-generation=dataset", $"--data-set={_scratch["set"]}", "--arch-sparse-feature-size=2", "--arch-mlp-bot=1-2",
        "--arch-mlp-top=2-1", "--loss-function=bce", "--mini-batch-size=10", "--num-threads=1", $"--output-dir={_scratch[run]}", .. options,
    ]);
}
