using System.Text.Json;
using Dlrm.Cli.Commands;
using Dlrm.Distributed;
using Xunit;

namespace Dlrm.Cli.Tests.Planning;

public sealed class PlanCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public PlanCommandTests() => File.Copy(Path.Combine(Repository.Root, "bench/plan/server.json"), _scratch["machine.json"]);

    [Theory]
    [InlineData("kaggle", 4)]
    [InlineData("terabyte", 8)]
    [InlineData("embedding-heavy", 3)]
    public void Known_models_are_planned_better_than_contiguous_blocks_and_greedily(string preset, int ranks)
    {
        JsonElement plan = PlanJson($"--preset={preset}", $"--ranks={ranks}", $"--hosts={ranks}", "--cores-per-host=4", "--memory-per-rank=128G");
        double step = plan.GetProperty("train_ms").GetDouble();
        Assert.True(step < 0.99 * plan.GetProperty("contiguous").GetProperty("train_ms").GetDouble());
        Assert.True(step < 0.99 * plan.GetProperty("greedy").GetProperty("train_ms").GetDouble());
        Assert.Equal(ranks, plan.GetProperty("rank_loads").GetArrayLength());
    }

    [Fact]
    public void The_plan_is_printed_and_written_with_its_prediction()
    {
        Ended ended = Plan("--preset=kaggle", "--ranks=2", $"--output={_scratch["plan.json"]}");
        Assert.Equal("", ended.Error);
        Assert.Equal(ExitCode.Done, ended.Code);
        foreach (string shown in new[] { "emb_l.25", "contiguous", "all-reduce", "samples/s", "memory", "not a measurement", "--plan=" })
        {
            Assert.Contains(shown, ended.Out, StringComparison.Ordinal);
        }

        var plan = ShardPlan.FromJson(File.ReadAllText(_scratch["plan.json"]));
        Assert.Equal(2, plan.Ranks);
        Assert.Equal(26, plan.Tables.Count);
        Assert.True(plan.Predicted!.StepMs > 0);
        Assert.Equal(["machine.json", "plan.json"], Directory.GetFiles(_scratch.Path).Select(Path.GetFileName).Order().ToArray());
    }

    [Fact]
    public void Stages_are_called_as_in_the_benchmark()
    {
        JsonElement plan = PlanJson("--preset=kaggle", "--ranks=1");
        string[] stages = [.. plan.GetProperty("breakdown").EnumerateObject().Select(stage => stage.Name)];
        Assert.Contains("top_backward", stages);
        Assert.Contains("embedding_update", stages);
        Assert.Equal(
            plan.GetProperty("train_ms").GetDouble(),
            plan.GetProperty("breakdown").EnumerateObject().Sum(stage => stage.Value.GetDouble()),
            1e-9);
    }

    [Fact]
    public void A_data_set_says_rows_lookups_and_skew()
    {
        Assert.Equal(ExitCode.Done, ToolRunner.Run("generate", "--rows=3000", "--table-rows=500", "--quiet", $"--output={_scratch["data"]}").Code);
        string[] model = ["--arch-sparse-feature-size=16", "--arch-mlp-bot=13-64-16", "--arch-mlp-top=64-1", "--mini-batch-size=256", "--ranks=2"];
        Ended ended = Plan([.. model, $"--stats={_scratch["data"]}", $"--output={_scratch["plan.json"]}"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Contains("emb_l.2 ", ended.Out, StringComparison.Ordinal);
        Assert.Equal(26, ShardPlan.FromJson(File.ReadAllText(_scratch["plan.json"])).Tables.Count);

        // The folder that training would read says the same.
        Ended same = Plan([.. model, "--data-generation=dataset", $"--data-set={_scratch["data"]}", $"--output={_scratch["plan.json"]}"]);
        Assert.Equal(ended.Out, same.Out);
    }

    [Fact]
    public void A_model_that_does_not_fit_is_answered_with_what_is_missing()
    {
        Ended ended = Plan("--preset=trillion", "--ranks=8", "--hosts=8", "--memory-per-rank=64G");
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("GiB each lack", ended.Error, StringComparison.Ordinal);
        Assert.Contains("--ranks=", ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("How many ranks", "--preset=kaggle")]
    [InlineData("Which model", "--ranks=2")]
    [InlineData("multiple of --hosts", "--preset=kaggle", "--ranks=3", "--hosts=2")]
    [InlineData("--lookups=1.0-2.0 has 2 numbers", "--preset=kaggle", "--ranks=2", "--lookups=1-2")]
    [InlineData("leave one out", "--preset=kaggle", "--ranks=2", "--stats=nowhere")]
    [InlineData("expected a data set folder", "--ranks=2", "--stats=nowhere")]
    [InlineData("bits a second", "--preset=kaggle", "--ranks=2", "--network=fast")]
    [InlineData("there is no folder", "--preset=kaggle", "--ranks=2", "--output=nowhere/plan.json")]
    [InlineData("gives some of 4096 ranks no sample", "--preset=kaggle", "--ranks=4096")]
    public void What_cannot_be_is_refused(string because, params string[] arguments)
    {
        Ended ended = Plan(arguments);
        Assert.Contains(because, ended.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
    }

    [Fact]
    public void Machine_figures_that_are_none_are_refused()
    {
        File.WriteAllText(_scratch["bad.json"], "{}");
        Ended ended = ToolRunner.Run("plan", "--preset=kaggle", "--ranks=2", $"--machine={_scratch["bad.json"]}");
        Assert.Contains("no machine figures", ended.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        ended = ToolRunner.Run("plan", "--preset=kaggle", "--ranks=2", $"--machine={_scratch["none.json"]}");
        Assert.Contains("--write-machine", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_options_of_training_are_taken_as_they_are()
    {
        Assert.Equal(
            ExitCode.Done,
            Plan([.. ToolRunner.Readme, "--ranks=2", $"--output={_scratch["plan.json"]}"]).Code);
    }

    public void Dispose() => _scratch.Dispose();

    private JsonElement PlanJson(params string[] arguments)
    {
        Ended ended = Plan([.. arguments, "--format=json", $"--output={_scratch["plan.json"]}"]);
        Assert.Equal("", ended.Error);
        return JsonDocument.Parse(ended.Out).RootElement;
    }

    private Ended Plan(params string[] arguments) => ToolRunner.Run(["plan", $"--machine={_scratch["machine.json"]}", .. arguments]);
}
