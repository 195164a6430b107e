using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Model;
using Dlrm.Tests.Golden;
using Xunit;

namespace Dlrm.Tests.Model;

public sealed class DlrmConfigTests
{
    [Fact]
    public void A_config_survives_its_own_json()
    {
        DlrmConfig config = ModelFixture.Config("dot-dense", "wbce") with { LossWeights = [1, 3.5], LossThreshold = 0.1f };
        DlrmConfig read = DlrmConfig.FromJson(config.ToJson());
        Assert.Equal(config.ToJson(), read.ToJson());
        Assert.Equal(config.TableRows, read.TableRows);
    }

    [Fact]
    public void Members_that_a_file_lacks_have_their_defaults() =>
        Assert.Equal(new DlrmConfig().ToJson(), DlrmConfig.FromJson("{\"loss\":\"mse\"}").ToJson());

    [Theory]
    [InlineData("{", "not valid")]
    [InlineData("{\"tableRow\":[1]}", "tableRow")]
    [InlineData("{\"bottomMlp\":[4,3]}", "ends in 3")]
    [InlineData("{\"bottomMlp\":null}", "bottomMlp")]
    [InlineData("[]", "object")]
    public void Broken_json_names_the_fault(string json, string expected)
    {
        var failure = Assert.Throws<InvalidDataException>(() => DlrmConfig.FromJson(json));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contradictions_name_both_sides()
    {
        var failure = Assert.Throws<ArgumentException>(() => (new DlrmConfig() with { BottomMlp = [4, 3] }).Validate());
        Assert.Contains("--arch-mlp-bot=4-3", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--arch-sparse-feature-size=2", failure.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => (new DlrmConfig() with { TopMlp = [4, 2] }).Validate());
        Assert.Throws<ArgumentException>(() => (new DlrmConfig() with { TableRows = [4, 0] }).Validate());
        Assert.Throws<ArgumentException>(() => (new DlrmConfig() with { Interaction = "dott" }).Validate());
        Assert.Throws<ArgumentException>(() => (new DlrmConfig() with { Loss = "bcee" }).Validate());
    }

    [Fact]
    public void The_top_towers_input_follows_from_the_interaction()
    {
        DlrmConfig config = ModelFixture.Config();
        Assert.Equal(15 + 13, config.TopWidths()[0]);
        Assert.Equal(21 + 13, (config with { InteractionItself = true }).TopWidths()[0]);
        Assert.Equal(6 * 13, (config with { Interaction = "cat" }).TopWidths()[0]);
        Assert.Equal(2 * 13, (config with { Interaction = "sum" }).TopWidths()[0]);
        Assert.Equal(5 + 13, (config with { Interaction = "dot-dense" }).TopWidths()[0]);
    }

    [Theory]
    [InlineData("concat", 4, "2 × 2 elements (--qr-operation=concat")]
    [InlineData("times", 4, "There is no operation 'times' (--qr-operation); there are mult, add, concat.")]
    [InlineData("mult", 0, "--qr-collisions=0")]
    public void Quotient_and_remainder_that_do_not_fit_are_refused(string operation, int collisions, string message)
    {
        DlrmConfig config = new()
        {
            QuotientRemainder = new QuotientRemainderOptions { Operation = operation, Collisions = collisions },
        };
        Assert.Contains(message, Assert.Throws<ArgumentException>(config.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Widths_follow_the_power_rule_of_the_reference()
    {
        using Stream stream = GoldenFiles.Open("units");
        foreach (JsonNode? item in JsonNode.Parse(stream)!["md_solver"]!.AsArray())
        {
            var options = new MixedDimensionOptions
            {
                Temperature = item!["temperature"]!.GetValue<double>(),
                RoundDimensions = item["round"]!.GetValue<bool>(),
            };
            Assert.Equal(
                item["dims"].Deserialize<int[]>(),
                options.Widths(item["rows"].Deserialize<int[]>()!, item["base"]!.GetValue<int>()));
        }
    }

    [Theory]
    [InlineData(1.5, false, "--md-temperature=1.5 lies outside [0, 1]")]
    [InlineData(-0.1, false, "--md-temperature=-0.1 lies outside [0, 1]")]
    [InlineData(double.NaN, false, "--md-temperature=NaN lies outside [0, 1]")]
    [InlineData(0.3, true, "--arch-sparse-feature-size=13 is none: choose 8 or 16")]
    public void Mixed_dimensions_that_do_not_fit_are_refused(double temperature, bool round, string message)
    {
        DlrmConfig config = ModelFixture.Config() with
        {
            MixedDimension = new MixedDimensionOptions { Temperature = temperature, RoundDimensions = round },
        };
        Assert.Contains(message, Assert.Throws<ArgumentException>(config.Validate).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sum,avg", "There is no pooling 'avg' (--pooling); there are sum, mean.")]
    [InlineData("sum,mean", "--pooling=sum,mean names 2 tables, but there are 5")]
    [InlineData("", "There is no pooling ''")]
    public void Pooling_that_does_not_fit_the_tables_is_refused(string words, string message)
    {
        DlrmConfig config = ModelFixture.Config() with { Pooling = words.Split(',') };
        Assert.Contains(message, Assert.Throws<ArgumentException>(config.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Thresholds_decide_where_both_kinds_of_compression_are_wanted()
    {
        DlrmConfig config = ModelFixture.Config() with
        {
            QuotientRemainder = new QuotientRemainderOptions { Threshold = 60 },
            MixedDimension = new MixedDimensionOptions { Threshold = 6 },
        };
        config.Validate();
        Assert.Equal(
            "qr md full qr md",
            string.Join(' ', TableLayout.Of(config).Select(table =>
                table.QuotientRemainder is not null ? "qr" : table.IsMixedDimension ? "md" : "full")));
        config = config with { QuotientRemainder = new QuotientRemainderOptions { Threshold = 6 } };
        string message = Assert.Throws<ArgumentException>(config.Validate).Message;
        Assert.Contains("--qr-threshold above --md-threshold", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kinds_of_tables_survive_the_file()
    {
        foreach (string tables in (string[])["qr-concat", "md", "weighted", "qr-mult+md+weighted+mixed"])
        {
            DlrmConfig config = ModelFixture.Compressed(tables);
            Assert.Equal(config.ToJson(), DlrmConfig.FromJson(config.ToJson()).ToJson());
        }
    }
}
