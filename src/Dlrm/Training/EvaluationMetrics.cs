namespace Dlrm.Training;

/// <summary>Exact metrics of one pass over a labelled set. An undefined one (a set of one class) is null, never NaN.</summary>
public sealed record EvaluationMetrics
{
    /// <summary>Samples scored.</summary>
    public required long Samples { get; init; }

    /// <summary>Share of positive labels.</summary>
    public required double LabelRate { get; init; }

    /// <summary>Mean of the scores.</summary>
    public required double MeanScore { get; init; }

    /// <summary>Mean log loss, natural logarithm (each logarithm no less than −100, as in PyTorch).</summary>
    public required double LogLoss { get; init; }

    /// <summary>Share of samples whose score, rounded half to even, equals the label.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Area under the ROC curve, ties counting a half; null when one class is missing.</summary>
    public required double? Auc { get; init; }

    /// <summary>Average precision as scikit-learn defines it; null without positives.</summary>
    public required double? AveragePrecision { get; init; }

    /// <summary>Precision at a threshold of a half (0 when nothing is predicted positive, as in scikit-learn).</summary>
    public required double Precision { get; init; }

    /// <summary>Recall at a threshold of a half; 0 without positives.</summary>
    public required double Recall { get; init; }

    /// <summary>F1 at a threshold of a half.</summary>
    public required double F1 { get; init; }

    /// <summary>Log loss over the entropy of the label rate (He et al. 2014); null when one class is missing.</summary>
    public required double? NormalizedEntropy { get; init; }

    /// <summary>Mean score over label rate; null without positives.</summary>
    public required double? Calibration { get; init; }
}
