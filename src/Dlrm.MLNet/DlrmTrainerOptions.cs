namespace Dlrm.MLNet;

/// <summary>What <see cref="DlrmTrainer"/> learns from, and how.</summary>
/// <remarks>
/// Letters: M dense features, T categorical ones, D embedding dimension. Hidden widths only are given: the bottom tower
/// begins with M and ends in D, the top tower begins with what the interaction gives and ends in one logit.
/// </remarks>
public sealed record DlrmTrainerOptions
{
    /// <summary>The label: a Boolean column.</summary>
    public string LabelColumn { get; init; } = "Label";

    /// <summary>Weight of each row in the loss: a Single column of values of 0 or more; null for none.</summary>
    public string? WeightColumn { get; init; }

    /// <summary>Single columns, or vectors of them of a known size; together the M dense features. May be empty.</summary>
    public IReadOnlyList<string> DenseColumns { get; init; } = [];

    /// <summary>
    /// Key columns (<c>Conversion.MapValueToKey</c>, <c>Conversion.Hash</c>), or vectors of keys, one embedding table each. A
    /// missing key has a row of its own, which unknown values share; in a vector, a bag, missing keys are left out.
    /// </summary>
    public IReadOnlyList<string> CategoricalColumns { get; init; } = [];

    /// <summary>D: elements of an embedding.</summary>
    public int EmbeddingDimension { get; init; } = 16;

    /// <summary>Hidden widths of the bottom tower, through which dense features go.</summary>
    public IReadOnlyList<int> BottomMlp { get; init; } = [64];

    /// <summary>Hidden widths of the top tower.</summary>
    public IReadOnlyList<int> TopMlp { get; init; } = [64];

    /// <summary>How features meet: dot, dot-dense, cat, sum or dcn.</summary>
    public string Interaction { get; init; } = "dot";

    /// <summary>The update rule, as <c>dlrm train --optimizer</c> names it.</summary>
    public string Optimizer { get; init; } = "rwsadagrad";

    /// <summary>The first step's rate; it falls to 0 along a cosine.</summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>Passes over the rows.</summary>
    public int Epochs { get; init; } = 4;

    /// <summary>Rows a step.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>λ of the embeddings' rows that a batch looks up: λ·w is added to their gradient.</summary>
    public float EmbeddingL2 { get; init; } = 0.001f;

    /// <summary>Embeddings begin within ± this, or within ±√(1/rows) where that is smaller.</summary>
    public double EmbeddingBound { get; init; } = 0.01;

    /// <summary>
    /// With validation rows (<see cref="DlrmTrainer.Fit(Microsoft.ML.IDataView, Microsoft.ML.IDataView)"/>): epochs without a
    /// better log loss after which training ends; the best epoch's parameters are kept.
    /// </summary>
    public int Patience { get; init; } = 2;

    /// <summary>Decides the first parameters and the order of rows; the same seed gives the same model, bit for bit.</summary>
    public int Seed { get; init; } = 123;

    /// <summary>Threads; they change no bit. Null for every core, which pays for large models.</summary>
    public int? Threads { get; init; } = 1;

    /// <summary>Told the mean training loss after each epoch; null for nobody.</summary>
    public Action<DlrmProgress>? Progress { get; init; }
}

/// <summary>Where training stands.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="TrainingLoss">Mean log loss over the epoch, while it was learned from.</param>
/// <param name="ValidationLoss">Log loss on the validation rows; null without any.</param>
/// <param name="ValidationAuc">Area under the ROC curve on them; null without any, or where they are all of one class.</param>
public sealed record DlrmProgress(int Epoch, double TrainingLoss, double? ValidationLoss, double? ValidationAuc);
