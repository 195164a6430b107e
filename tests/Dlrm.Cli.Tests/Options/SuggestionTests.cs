using CsCheck;
using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Options;

public class SuggestionTests
{
    private static readonly string[] Names = ["mini-batch-size", "data-size", "nepochs", "learning-rate"];

    [Theory]
    [InlineData("mini-batch-sixe", "mini-batch-size")]
    [InlineData("nepoch", "nepochs")]
    [InlineData("batch-size", "mini-batch-size")]
    [InlineData("rate", "learning-rate")]
    [InlineData("banana", null)]
    public void The_nearest_name_is_found(string name, string? expected) =>
        Assert.Equal(expected, Suggestion.Nearest(name, Names));

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("szie", "size", 1)]
    public void Distance_counts_edits_and_swaps(string a, string b, int expected) =>
        Assert.Equal(expected, Suggestion.Distance(a, b));

    [Fact]
    public void Distance_is_symmetric_and_zero_for_equal_texts() => Gen.Select(Gen.String[Gen.Char['a', 'd'], 0, 8], Gen.String[Gen.Char['a', 'd'], 0, 8])
        .Sample((a, b) => Suggestion.Distance(a, b) == Suggestion.Distance(b, a) && (Suggestion.Distance(a, b) == 0) == (a == b));
}
