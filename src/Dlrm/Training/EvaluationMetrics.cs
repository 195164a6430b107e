namespace Dlrm.Training;

/// <summary>
/// Exact metrics of one pass over a labelled set. An undefined one is null, never NaN, and <see cref="Undefined"/> says why.
/// </summary>
/// <remarks>
/// AUC, average precision, precision, recall and F1 are those of scikit-learn, and want labels that are 0 or 1: where any
/// label lies between (random data without <c>--round-targets</c>), they are null. Thresholds are a half, and a score of
/// exactly a half counts as 0 (numpy rounds half to even).
/// </remarks>
public sealed record EvaluationMetrics
{
    /// <summary>Samples scored.</summary>
    public required long Samples { get; init; }

    /// <summary>Mean of the labels, which is the share of positives where labels are 0 or 1; 0 for an empty set.</summary>
    public required double LabelRate { get; init; }

    /// <summary>Mean of the scores; null for an empty set or where a score is not a number.</summary>
    public required double? MeanScore { get; init; }

    /// <summary>
    /// Mean log loss, natural logarithm (each logarithm no less than −100, as in PyTorch); null where the mean score is.
    /// </summary>
    public required double? LogLoss { get; init; }

    /// <summary>Share of samples whose score, rounded half to even, equals the label; 0 for an empty set.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Area under the ROC curve, ties counting a half; null when one class is missing.</summary>
    public required double? Auc { get; init; }

    /// <summary>Average precision, Σ (Rₙ − Rₙ₋₁)·Pₙ over descending thresholds; null without positives.</summary>
    public required double? AveragePrecision { get; init; }

    /// <summary>Precision at a threshold of a half (0 when nothing is predicted positive, as in scikit-learn).</summary>
    public required double? Precision { get; init; }

    /// <summary>Recall at a threshold of a half; 0 without positives.</summary>
    public required double? Recall { get; init; }

    /// <summary>F1 at a threshold of a half; 0 when there is no positive, neither labelled nor predicted.</summary>
    public required double? F1 { get; init; }

    /// <summary>Log loss over the entropy of the label rate (He et al. 2014); null when one class is missing.</summary>
    public required double? NormalizedEntropy { get; init; }

    /// <summary>Mean score over label rate; null without positives.</summary>
    public required double? Calibration { get; init; }

    /// <summary>Samples labelled 1; null when some label is neither 0 nor 1.</summary>
    public long? Positives { get; init; }

    /// <summary>The smallest score; null where the mean score is.</summary>
    public double? MinScore { get; init; }

    /// <summary>The largest score; null where the mean score is.</summary>
    public double? MaxScore { get; init; }

    /// <summary>Why some metrics are null, one line; null when all are defined.</summary>
    public string? Undefined { get; init; }

    /// <summary>Samples labelled 0; null when some label is neither 0 nor 1.</summary>
    public long? Negatives => Samples - Positives;

    /// <summary>Standard error of the AUC (Hanley and McNeil 1982); null where the AUC is.</summary>
    public double? AucStandardError => Auc is { } auc && Positives is { } positives
        ? RocCurve.StandardError(auc, positives, Samples - positives)
        : null;

    /// <summary>
    /// Log loss of always giving the label rate, which no useful model exceeds: the entropy of the label rate; null when
    /// one class is missing or some label is neither 0 nor 1.
    /// </summary>
    public double? BaselineLogLoss => Positives is > 0 && Negatives is > 0 ? NaturalLog.Entropy(LabelRate) : null;
}
