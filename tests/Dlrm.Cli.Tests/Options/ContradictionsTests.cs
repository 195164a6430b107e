using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Options;

public class ContradictionsTests
{
    [Theory]
    [InlineData(
        "--raw-data-file=x.txt is given, but --data-generation=random would not read it: add --data-generation=dataset, "
        + "or leave the file out.",
        "--raw-data-file=x.txt")]
    [InlineData(
        "--data-generation=dataset needs the data set's text file: add --raw-data-file=FILE.", "--data-generation=dataset")]
    [InlineData("--raw-data-file=no/such: there is no such file.", "--data-generation=dataset", "--raw-data-file=no/such")]
    [InlineData(
        "--loss-weights=1 has 1 number; it takes two, for negatives and positives, such as 1.0-3.5.",
        "--loss-function=wbce", "--loss-weights=1")]
    [InlineData(
        "--loss-weights=1-2-3 has 3 numbers; it takes two, for negatives and positives, such as 1.0-3.5.",
        "--loss-weights=1-2-3")]
    [InlineData(
        "The learning rate would fall from step 5 (--lr-decay-start-step) while it still rises until step 10 "
        + "(--lr-num-warmup-steps): start the fall at 10 or later.",
        "--lr-num-warmup-steps=10", "--lr-decay-start-step=5", "--lr-num-decay-steps=6")]
    [InlineData("--max-ind-range=0 leaves no row: give 1 or more, or -1 for no bound.", "--max-ind-range=0")]
    [InlineData(
        "A target needs tests to reach it in: add --test-freq=N.", "--mlperf-logging", "--mlperf-auc-threshold=0.8")]
    [InlineData("--load-model=no/such.pt: there is no such file.", "--load-model=no/such.pt")]
    [InlineData("--load-model=no/such: there is no such folder.", "--load-model=no/such")]
    [InlineData(
        "The bottom MLP ends in 2 (--arch-mlp-bot=4-3-2), but embeddings have 2 × 2 elements (--qr-operation=concat, "
        + "--arch-sparse-feature-size=2): end it in 4.",
        "--qr-flag", "--qr-operation=concat")]
    [InlineData(
        "--qr-flag splits every table of more than 200 rows (--qr-threshold), so --md-flag, for tables of more than 200 "
        + "(--md-threshold), would have none left: give --qr-threshold above --md-threshold, or leave one of the two out.",
        "--qr-flag", "--md-flag")]
    [InlineData(
        "--md-temperature=1.5 lies outside [0, 1]: 0 keeps every table as wide, 1 narrows most.",
        "--md-flag", "--md-temperature=1.5")]
    [InlineData(
        "The bottom MLP ends in 3 (--arch-mlp-bot=4-3), but embeddings have 2 elements (--arch-sparse-feature-size=2): make "
        + "them equal.",
        "--arch-mlp-bot=4-3")]
    [InlineData(
        "The top MLP ends in 2 (--arch-mlp-top=4-2); a click needs one output: end it in 1.", "--arch-mlp-top=4-2")]
    [InlineData(
        "--md-temperature=-0.5 lies outside [0, 1]: 0 keeps every table as wide, 1 narrows most.",
        "--md-flag", "--md-temperature=-0.5")]
    [InlineData(
        "--md-round-dims makes every width a power of two, but --arch-sparse-feature-size=6 is none: choose 4 or 8, or leave "
        + "the rounding out.",
        "--md-flag", "--md-round-dims", "--arch-sparse-feature-size=6", "--arch-mlp-bot=4-6")]
    [InlineData("--md-threshold=-1: a number of rows is 0 or more.", "--md-flag", "--md-threshold=-1")]
    [InlineData("--qr-threshold=-1: a number of rows is 0 or more.", "--qr-flag", "--qr-threshold=-1")]
    [InlineData(
        "--pooling=sum,mean has 2 entries, but there are 3 tables (--arch-embedding-size=4-3-2): give one a table, or one "
        + "for all.",
        "--pooling=sum,mean")]
    [InlineData(
        "--pooling=sum,mean has 2 entries, but there are 8 tables (--data-generation=sample): give one a table, or one for "
        + "all.",
        "--pooling=sum,mean", "--data-generation=sample")]
    [InlineData(
        "--max-ind-range-per-table=5 has 1 entry, but there are 3 tables (--arch-embedding-size=4-3-2): give one a table.",
        "--max-ind-range-per-table=5")]
    [InlineData(
        "--activation-function=relu and --activation=gelu name two activations: leave the former out, which is the reference's "
        + "name and knows relu alone.",
        "--activation-function=relu", "--activation=gelu")]
    [InlineData(
        "--dropout=1 lies outside [0, 1): it is the share of hidden numbers that training sets to 0.", "--dropout=1")]
    public void A_contradiction_is_told_with_both_sides(string message, params string[] arguments) =>
        Assert.Equal(
            message,
            Assert.Throws<UsageException>(() => Contradictions.Check(CommandLineTests.Parse(arguments))).Message);

    [Theory]
    [InlineData("--qr-collisions=0: expected a whole number, 1 or more.", "--qr-flag", "--qr-collisions=0")]
    [InlineData("--loss-weights=one-two: expected numbers with dashes between, such as 1.0-3.5.", "--loss-weights=one-two")]
    [InlineData(
        "--pooling=average: expected sum or mean, or one of them for each table with commas between.", "--pooling=average")]
    [InlineData(
        "--max-ind-range-per-table=4-x-2: expected whole numbers, 0 (no bound) or more, with dashes between, such as 1000-0-50.",
        "--max-ind-range-per-table=4-x-2")]
    [InlineData(
        "--weighted-pooling=lerned: expected one of none, fixed, learned (did you mean learned?).", "--weighted-pooling=lerned")]
    public void A_value_that_cannot_be_is_told_with_what_was_expected(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() => CommandLineTests.Parse(arguments)).Message);

    [Theory]
    [InlineData]
    [InlineData("--qr-flag", "--weighted-pooling=learned", "--pooling=mean")]
    [InlineData("--md-flag", "--weighted-pooling=learned", "--pooling=sum,mean,sum")]
    [InlineData("--qr-flag", "--md-flag", "--md-threshold=20")]
    [InlineData("--max-ind-range-per-table=2-0-9")]
    [InlineData("--pooling=sum,mean,sum,sum,sum,sum,sum,sum", "--data-generation=sample")]
    [InlineData("--lr-num-warmup-steps=10")]
    [InlineData("--lr-num-warmup-steps=5", "--lr-decay-start-step=5", "--lr-num-decay-steps=6")]
    [InlineData("--mlperf-logging", "--mlperf-auc-threshold=0.8", "--test-freq=10")]
    public void What_holds_together_passes(params string[] arguments) =>
        Contradictions.Check(CommandLineTests.Parse(arguments));

    [Theory]
    [InlineData("--loss-weights has no effect with --loss-function=mse; it is for wbce.", "--loss-weights=1-2")]
    [InlineData("--mlperf-auc-threshold has no effect without --mlperf-logging.", "--mlperf-auc-threshold=0.8")]
    [InlineData(
        "--max-ind-range has no effect with --data-generation=random, which hashes nothing; --max-ind-range-per-table bounds "
        + "the tables of any data.",
        "--max-ind-range=7")]
    [InlineData("--qr-collisions has no effect without --qr-flag.", "--qr-collisions=7")]
    [InlineData("--md-round-dims has no effect without --md-flag.", "--md-round-dims")]
    [InlineData(
        "--arch-interaction-itself has no effect with --arch-interaction-op=cat.",
        "--arch-interaction-itself", "--arch-interaction-op=cat")]
    [InlineData("--dcn-low-rank-dim has no effect with --arch-interaction-op=dot; it is for dcn.", "--dcn-low-rank-dim=8")]
    public void An_option_without_effect_is_named(string message, params string[] arguments) =>
        Assert.Equal([message], Contradictions.WithoutEffect(CommandLineTests.Parse(arguments)));
}
