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
    [InlineData(
        "--save-model=m.pt: PyTorch's .pt files are not in this version yet. Name a folder: it receives config.json and "
        + "model.safetensors.",
        "--save-model=m.pt")]
    [InlineData("--load-model=no/such: there is no such folder.", "--load-model=no/such")]
    [InlineData(
        "The bottom MLP ends in 2 (--arch-mlp-bot=4-3-2), but embeddings have 2 × 2 elements (--qr-operation=concat, "
        + "--arch-sparse-feature-size=2): end it in 4.",
        "--qr-flag", "--qr-operation=concat")]
    [InlineData("--qr-flag and --md-flag both change large tables: give one of them.", "--qr-flag", "--md-flag")]
    [InlineData(
        "--md-temperature=1.5 lies outside [0, 1]: 0 keeps every table as wide, 1 narrows most.",
        "--md-flag", "--md-temperature=1.5")]
    [InlineData(
        "--weighted-pooling=learned is for full tables, but --qr-flag changes large ones: leave one of the two out.",
        "--qr-flag", "--weighted-pooling=learned")]
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
    [InlineData]
    [InlineData("--lr-num-warmup-steps=10")]
    [InlineData("--lr-num-warmup-steps=5", "--lr-decay-start-step=5", "--lr-num-decay-steps=6")]
    [InlineData("--mlperf-logging", "--mlperf-auc-threshold=0.8", "--test-freq=10")]
    public void What_holds_together_passes(params string[] arguments) =>
        Contradictions.Check(CommandLineTests.Parse(arguments));

    [Theory]
    [InlineData("--loss-weights has no effect with --loss-function=mse; it is for wbce.", "--loss-weights=1-2")]
    [InlineData("--mlperf-auc-threshold has no effect without --mlperf-logging.", "--mlperf-auc-threshold=0.8")]
    [InlineData("--qr-collisions has no effect without --qr-flag.", "--qr-collisions=7")]
    [InlineData("--md-round-dims has no effect without --md-flag.", "--md-round-dims")]
    [InlineData(
        "--arch-interaction-itself has no effect with --arch-interaction-op=cat.",
        "--arch-interaction-itself", "--arch-interaction-op=cat")]
    [InlineData("--dcn-low-rank-dim has no effect with --arch-interaction-op=dot; it is for dcn.", "--dcn-low-rank-dim=8")]
    public void An_option_without_effect_is_named(string message, params string[] arguments) =>
        Assert.Equal([message], Contradictions.WithoutEffect(CommandLineTests.Parse(arguments)));
}
