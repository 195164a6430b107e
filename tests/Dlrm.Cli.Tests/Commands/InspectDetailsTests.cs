using System.Text.Json;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary>Cost by layer and table, row norms of a saved model, and how data use the tables.</summary>
public class InspectDetailsTests
{
    [Fact]
    public void Flops_are_told_by_table_and_layer()
    {
        JsonElement json = Inspect(
            "--arch-embedding-size=300-50-4", "--arch-sparse-feature-size=8", "--arch-mlp-bot=5-16-8", "--arch-mlp-top=4-1",
            "--md-flag", "--md-threshold=100", "--md-temperature=0.5", "--weighted-pooling=learned");
        Dictionary<string, long> flops = json.GetProperty("flops").EnumerateArray()
            .ToDictionary(part => part.GetProperty("name").GetString()!, part => part.GetProperty("flops_forward").GetInt64());

        // 300 rows of 1 element (8 · √(4 / 300) = 0.92), weighted and projected to 8; whole rows weighted.
        Assert.Equal((1 * 2) + (2 * 1 * 8), flops["emb_l.0"]);
        Assert.Equal(8 * 2, flops["emb_l.1"]);
        Assert.Equal(2 * 5 * 16, flops["bot_l.0"]);
        Assert.Equal(2 * 6 * 8, flops["interaction"]);
        Assert.Contains("FLOPs a sample", ToolRunner.Run("inspect").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adagrad")]
    [InlineData("rwsadagrad")]
    [InlineData("adam")]
    [InlineData("ftrl")]
    public void Rows_that_were_never_updated_are_counted_from_the_optimizer_s_state(string optimizer)
    {
        using var scratch = new ScratchFolder();
        string[] data = ["--arch-embedding-size=500-7-3", "--num-batches=3", "--mini-batch-size=5", "--num-indices-per-lookup=2"];
        ToolRunner.Run(["train", .. data, $"--optimizer={optimizer}", "--num-threads=1", $"--output-dir={scratch["run"]}"]);
        JsonElement json = Inspect([scratch["run"], .. data]);
        JsonElement norms = json.GetProperty("row_norms")[0];
        JsonElement usage = json.GetProperty("usage")[0];
        Assert.Equal("emb_l.0.weight", norms.GetProperty("name").GetString());
        Assert.False(norms.GetProperty("never_updated_is_upper_bound").GetBoolean());
        Assert.Equal(500 - usage.GetProperty("rows_used").GetInt32(), norms.GetProperty("never_updated").GetInt32());
        double[] order = [.. new[] { "min", "p50", "p99", "max" }.Select(name => norms.GetProperty(name).GetDouble())];
        Assert.Equal(order.Order(), order);
    }

    [Fact]
    public void Without_state_the_values_give_an_upper_bound()
    {
        using var scratch = new ScratchFolder();
        ToolRunner.Run(["train", .. ToolRunner.Readme, $"--output-dir={scratch["run"]}"]);
        JsonElement norms = Inspect(scratch["run"]).GetProperty("row_norms");
        Assert.Equal(3, norms.GetArrayLength());
        Assert.True(norms[0].GetProperty("never_updated_is_upper_bound").GetBoolean());
        Assert.Contains("at most", ToolRunner.Run("inspect", scratch["run"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_tell_how_they_use_the_tables()
    {
        JsonElement usage = Inspect("--data-generation=sample", "--arch-mlp-bot=6-8-2", "--arch-mlp-top=4-1").GetProperty("usage");
        Assert.Equal(8, usage.GetArrayLength());
        foreach (JsonElement table in usage.EnumerateArray())
        {
            Assert.Equal(26_048, table.GetProperty("lookups").GetInt64());
            Assert.Equal(0, table.GetProperty("empty_bags").GetInt64());
            Assert.InRange(table.GetProperty("coverage").GetDouble(), 0.5, 1);
            Assert.InRange(table.GetProperty("top_percent_share").GetDouble(), 1.0 / table.GetProperty("rows").GetInt32(), 1);
        }

        Assert.Contains(
            "coverage", ToolRunner.Run("inspect", "--data-generation=sample", "--arch-mlp-bot=6-8-2").Out, StringComparison.Ordinal);
    }

    private static JsonElement Inspect(params string[] arguments)
    {
        Ended ended = ToolRunner.Run(["inspect", "--format=json", .. arguments]);
        Assert.True(ended.Code == 0, ended.Error);
        return JsonDocument.Parse(ended.Out).RootElement;
    }
}
