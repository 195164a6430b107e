using System.Globalization;

namespace Dlrm.Training;

/// <summary>The words of what <see cref="RunDiagnostics"/> finds: what, the figures, the likely cause, what to try.</summary>
internal static class RunFindings
{
    private const int NamedFeatures = 8;

    /// <summary>The data are drawn at random.</summary>
    public const string RandomData =
        "The data are random: labels do not depend on the features, so AUC stays near 0.5 whatever is trained. "
        + "For real data give --data-generation=dataset with --data-set and --raw-data-file.";

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    /// <summary>The loss rises.</summary>
    public static string LossRises(LossRise rise, double rate) => string.Create(
        Invariant,
        $"The training loss rose {rise.Blocks - 1} times running, from {rise.FirstLoss:0.####} (step {rise.FirstStep}) "
        + $"to {rise.LastLoss:0.####} (step {rise.LastStep}). Likely cause: a learning rate that is too high "
        + $"({rate:0.######}). Try {rate / 3:0.######}, or a warm-up (--lr-num-warmup-steps).");

    /// <summary>Every score is the same.</summary>
    public static string ConstantOutput(EvaluationRecord record, double rate) => string.Create(
        Invariant,
        $"All {record.Metrics.Samples} test scores are {record.Metrics.MeanScore:0.####} at step {record.Step}: the output "
        + $"does not depend on the input. Likely cause: a learning rate that is too high ({rate:0.######}) left no ReLU "
        + $"alive. Try {rate / 10:0.######}, or a warm-up (--lr-num-warmup-steps).");

    /// <summary>The AUC cannot be told from 0.5.</summary>
    public static string AucIsChance(EvaluationRecord record, double error, double rate) => string.Create(
        Invariant,
        $"AUC is {record.Metrics.Auc:0.####} at step {record.Step}, within noise of 0.5 (standard error {error:0.####}): "
        + $"the scores say nothing about the labels. Likely cause: a learning rate that is too high ({rate:0.######}; try "
        + $"{rate / 10:0.######}), too few steps, or labels that do not belong to their rows.");

    /// <summary>The AUC is clearly under 0.5.</summary>
    public static string AucIsInverted(EvaluationRecord record, double error) => string.Create(
        Invariant,
        $"AUC is {record.Metrics.Auc:0.####} at step {record.Step}, {(0.5 - record.Metrics.Auc) / error:0} standard errors "
        + $"below 0.5: high scores go with label 0. Likely cause: inverted labels, or a test set unlike the training set. "
        + $"Check which value marks a click.");

    /// <summary>Dense features without variation.</summary>
    public static string ConstantDense((int Feature, float Value)[] found, int features, long samples) => string.Create(
        Invariant,
        $"{found.Length} of {features} dense features never changed in the first {samples} samples (counted from 0: "
        + $"{Join(found, item => string.Create(Invariant, $"{item.Feature} is always {item.Value:0.####}"))}). "
        + $"Likely cause: an empty column, or rows in time order. Check the column, or leave it out.");

    /// <summary>Tables whose lookups never vary.</summary>
    public static string ConstantTables((int Table, int Row)[] found, int tables, long samples) => string.Create(
        Invariant,
        $"{found.Length} of {tables} categorical features never changed in the first {samples} samples (counted from 0: "
        + $"{Join(found, item => item.Table + (item.Row < 0 ? " is always empty" : $" is always row {item.Row}"))}). "
        + $"Likely cause: an empty column, or rows in time order. Check the column, or leave it out.");

    /// <summary>Every label is the same.</summary>
    public static string OneLabel(double label, long samples) => string.Create(
        Invariant,
        $"All labels of the first {samples} samples are {label:0}: there is nothing to tell apart. Likely cause: rows sorted "
        + $"by label, or a wrong label column. Shuffle the rows (--data-randomize=total), or check the column.");

    /// <summary>An unweighted loss on rare labels.</summary>
    public static string RareLabel(double rate, long samples) => string.Create(
        Invariant,
        $"{rate:0.####%} of the first {samples} samples are labelled 1: always giving the same answer is right in "
        + $"{Math.Max(rate, 1 - rate):0.##%}. Read AUC and normalized entropy rather than accuracy; to favour the rare class, "
        + $"weigh it (--loss-function=wbce --loss-weights) or drop some of the other (--data-sub-sample-rate).");

    /// <summary>A weighted loss whose weights do not balance.</summary>
    public static string UnbalancedWeights(double rate, long samples, double negative, double positive, double share)
    {
        double ratio = (1 - rate) / rate;
        string balanced = ratio >= 1
            ? string.Create(Invariant, $"1-{ratio:0.#}")
            : string.Create(Invariant, $"{1 / ratio:0.#}-1");
        return string.Create(
            Invariant,
            $"{rate:0.####%} of the first {samples} samples are labelled 1, and --loss-weights={negative:0.####}-"
            + $"{positive:0.####} makes that {share:0.##%} of the loss: the weights do not balance the classes. "
            + $"Try --loss-weights={balanced}.");
    }

    private static string Join<T>(T[] items, Func<T, string> describe)
    {
        string named = string.Join(", ", items.Take(NamedFeatures).Select(describe));
        return items.Length > NamedFeatures ? named + ", …" : named;
    }
}
