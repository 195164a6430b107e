using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Tests.Golden;
using Xunit;

namespace Dlrm.Cli.Tests;

public class CommandLineTests
{
    /// <summary>What cases of later capabilities need; everything else must be understood.</summary>
    public static TheoryData<string> Cases() => [.. GoldenCase.All.Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_command_line_of_the_reference_is_understood(string name)
    {
        GoldenCase item = GoldenCase.Find(name);
        OptionValues values = Parse(item.Arguments);
        Assert.Equal(item.Arguments.Select(a => a.Split('=')[0]).Distinct().Count(), values.Set().Count());
    }

    [Fact]
    public void Defaults_are_the_references()
    {
        OptionValues values = Parse();
        Assert.Equal([4, 3, 2], values.Get(ModelOptions.EmbeddingRows));
        Assert.Equal(2, values.Get(ModelOptions.EmbeddingDimension));
        Assert.Equal([4, 3, 2], values.Get(ModelOptions.BottomMlp));
        Assert.Equal([4, 2, 1], values.Get(ModelOptions.TopMlp));
        Assert.Equal("dot", values.Get(ModelOptions.Interaction));
        Assert.Equal("mse", values.Get(ModelOptions.Loss));
        Assert.Equal(1, values.Get(TrainOptions.BatchSize));
        Assert.Equal(1, values.Get(DataOptions.Size));
        Assert.Equal(10, values.Get(DataOptions.Lookups));
        Assert.Equal(0.01, values.Get(TrainOptions.LearningRate));
        Assert.Equal(123, values.Get(TrainOptions.Seed));
        Assert.Equal(1, values.Get(TrainOptions.PrintFrequency));
        Assert.Equal(-1, values.Get(TrainOptions.TestFrequency));
        Assert.Equal("total", values.Get(DataOptions.Randomize));
    }

    [Theory]
    [InlineData("--mini-batch-size=7")]
    [InlineData("--mini-batch-size", "7")]
    [InlineData("--mini-batch-size=3", "--mini-batch-size", "7")]
    [InlineData("--mini-b=7")]
    [InlineData("--mini-b", "7", "--quiet")]
    public void A_value_follows_an_equals_sign_or_a_space_and_the_last_one_wins(params string[] arguments) =>
        Assert.Equal(7, Parse(arguments).Get(TrainOptions.BatchSize));

    [Theory]
    [InlineData(true, "--round-targets")]
    [InlineData(true, "--round-targets=True")]
    [InlineData(true, "--round-targets", "yes")]
    [InlineData(true, "--round-targets=0", "--round-targets")]
    [InlineData(false, "--round-targets=False")]
    [InlineData(false, "--round-targets", "--round-targets", "no")]
    [InlineData(true, "--round-targets", "--quiet=0")]
    public void A_boolean_stands_alone_or_has_a_value(bool expected, params string[] arguments) =>
        Assert.Equal(expected, Parse(arguments).Get(ModelOptions.RoundTargets));

    [Fact]
    public void A_value_may_be_negative()
    {
        OptionValues values = Parse("--rand-data-mu=-1.5", "--max-ind-range", "-1", "--learning-rate", "1e-3");
        Assert.Equal(-1.5, values.Get(DataOptions.Mean));
        Assert.Equal(-1, values.Get(DataOptions.MaxIndex));
        Assert.Equal(0.001, values.Get(TrainOptions.LearningRate));
    }

    [Theory]
    [InlineData("--mini-batch-szie is not an option; did you mean --mini-batch-size?", "--mini-batch-szie=3")]
    [InlineData("--batch-size is not an option; did you mean --mini-batch-size?", "--batch-size", "3")]
    [InlineData("--seed is not an option; did you mean --numpy-rand-seed?", "--seed=3")]
    [InlineData("--mini_batch_size is not an option; did you mean --mini-batch-size?", "--mini_batch_size=3")]
    [InlineData("--epochs is not an option; did you mean --nepochs?", "--epochs=3")]
    [InlineData("--colour is not an option.", "--colour")]
    [InlineData("--lr-num could be --lr-num-warmup-steps or --lr-num-decay-steps.", "--lr-num=3")]
    [InlineData("'x' stands alone; options are written --name=value.", "x")]
    [InlineData("--nepochs needs a value: --nepochs=N.", "--nepochs")]
    [InlineData("--nepochs needs a value: --nepochs=N.", "--nepochs", "--quiet")]
    [InlineData("--nepochs=0: expected a whole number, 1 or more.", "--nepochs=0")]
    [InlineData("--nepochs=2.5: expected a whole number, 1 or more.", "--nepochs=2.5")]
    [InlineData("--numpy-rand-seed=4294967296: expected a whole number from 0 to 4294967295.", "--numpy-rand-seed=4294967296")]
    [InlineData("--learning-rate=nan: expected a number, 0 or more.", "--learning-rate=nan")]
    [InlineData("--data-sub-sample-rate=2: expected a number from 0 to 1.", "--data-sub-sample-rate=2")]
    [InlineData("--quiet=maybe: expected true or false (1 or 0, yes or no).", "--quiet=maybe")]
    [InlineData("--loss-weights=1-b: expected numbers with dashes between, such as 1.0-3.5.", "--loss-weights=1-b")]
    [InlineData(
        "--arch-mlp-bot=13-0: expected whole numbers, 1 or more, with dashes between, such as 13-512-256.", "--arch-mlp-bot=13-0")]
    [InlineData("--loss-function=bec: expected one of mse, bce, wbce (did you mean bce?).", "--loss-function=bec")]
    [InlineData("--use-gpu is not in this version yet. Leave it out: computing is on the processor.", "--use-gpu")]
    public void A_wrong_option_is_told_with_what_is_right(string message, params string[] arguments) =>
        Assert.Equal(message, Refusal(arguments));

    [Fact]
    public void A_later_option_with_its_default_does_no_harm() =>
        Assert.Equal(32, Parse("--quantize-emb-with-bit=32", "--use-gpu=False").Get(ModelOptions.QuantizeEmbeddings));

    [Theory]
    [InlineData("'trian' is not a command; did you mean 'train'?", "trian")]
    [InlineData("--quiet stands before a command; put one first, as in: dlrm train --quiet …", "--quiet", "train")]
    public void A_wrong_command_is_told_with_what_is_right(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() => CommandLine.Parse(arguments, CommandCatalog.All)).Message);

    [Theory]
    [InlineData("train", "--help")]
    [InlineData("help", "train")]
    [InlineData("train", "--nonsense", "-h")]
    public void Help_is_given_whatever_else_is_there(params string[] arguments)
    {
        Request request = CommandLine.Parse(arguments, CommandCatalog.All);
        Assert.Equal("train", request.Command!.Name);
        Assert.Null(request.Values);
    }

    internal static OptionValues Parse(params string[] arguments) =>
        CommandLine.Parse(["train", .. arguments], CommandCatalog.All).Values!;

    private static string Refusal(params string[] arguments) =>
        Assert.Throws<UsageException>(() => Parse(arguments)).Message;
}
