namespace Dlrm.Data.Records;

/// <summary>How <see cref="RecordTrainer{T}"/> learns. The defaults suit thousands to millions of records.</summary>
/// <remarks>
/// D is the embedding dimension. Hidden widths only are given: the bottom tower begins with the dense features and ends in D,
/// the top tower begins with what the interaction gives and ends in one logit.
/// </remarks>
public sealed record RecordTrainerOptions
{
    /// <summary>D: elements of an embedding.</summary>
    public int EmbeddingDimension { get; init; } = 8;

    /// <summary>Hidden widths of the bottom tower, through which dense features go.</summary>
    public IReadOnlyList<int> BottomMlp { get; init; } = [512, 256, 64];

    /// <summary>Hidden widths of the top tower.</summary>
    public IReadOnlyList<int> TopMlp { get; init; } = [64];

    /// <summary>How features meet: cat, dot, dot-dense, sum or dcn.</summary>
    public string Interaction { get; init; } = "cat";

    /// <summary>What stands between the towers' layers: none, batch or layer.</summary>
    public string Normalization { get; init; } = "layer";

    /// <summary>The update rule, as <c>dlrm train --optimizer</c> names it.</summary>
    public string Optimizer { get; init; } = "adagrad";

    /// <summary>The rate, the same for all steps.</summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>Passes over the records.</summary>
    public int Epochs { get; init; } = 2;

    /// <summary>Records a step.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>λ of the embeddings that a batch looks up: λ·w is added to their gradient.</summary>
    public double EmbeddingL2 { get; init; } = 0.0001;

    /// <summary>Embeddings begin within ± this, or within ±√(1/rows) where that is smaller.</summary>
    public double EmbeddingBound { get; init; } = 0.01;

    /// <summary>
    /// Decay of the moving average of the weights, which is the model that comes out; 0 for none. Null: 0.95, or 0 with
    /// <see cref="Patience"/>, which chooses among weights in another way.
    /// </summary>
    public double? AverageDecay { get; init; }

    /// <summary>
    /// The share of the records, the last ones, that is held out and scored after each pass, where no validation records
    /// are given; 0 for none.
    /// </summary>
    public double ValidationShare { get; init; }

    /// <summary>
    /// Passes without a better log loss on the validation records after which training ends with the weights of the best
    /// one; 0 for never.
    /// </summary>
    public int Patience { get; init; }

    /// <summary>Decides the first weights and the order of records; the same seed gives the same model, bit for bit.</summary>
    public int Seed { get; init; } = 123;

    /// <summary>Threads; they change no bit. Null for every core, which pays for large models.</summary>
    public int? Threads { get; init; } = 1;

    /// <summary>Where records are kept while training; null for the system's folder of temporary files.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>Told after each pass; null for nobody.</summary>
    public Action<RecordProgress>? Progress { get; init; }

    /// <summary>Checks what the model's own configuration does not.</summary>
    /// <param name="hasValidation">Validation records are given.</param>
    /// <exception cref="ArgumentException">Two settings contradict each other, or one lies outside its range.</exception>
    internal void Validate(bool hasValidation)
    {
        Require(Epochs >= 1 && BatchSize >= 1, $"{nameof(Epochs)} is {Epochs} and {nameof(BatchSize)} {BatchSize}; both must be 1 or more.");
        Require(Threads is null or >= 1, $"{nameof(Threads)} is {Threads}; it must be 1 or more, or null for every core.");
        Require(LearningRate is > 0 and < double.PositiveInfinity, $"{nameof(LearningRate)} is {LearningRate}; it must be above 0.");
        Require(EmbeddingBound > 0, $"{nameof(EmbeddingBound)} is {EmbeddingBound}; it must be above 0.");
        Require(ValidationShare is >= 0 and < 1, $"{nameof(ValidationShare)} is {ValidationShare}; it must lie in [0, 1).");
        Require(Patience >= 0, $"{nameof(Patience)} is {Patience}; it must be 0 or more.");
        Require(
            !(hasValidation && ValidationShare > 0),
            $"{nameof(ValidationShare)} is {ValidationShare}, and validation records are given: leave one of them out.");
        Require(
            Patience == 0 || hasValidation || ValidationShare > 0,
            $"{nameof(Patience)} is {Patience}, but there are no validation records to watch: give some, or a {nameof(ValidationShare)}.");
        Require(
            Patience == 0 || AverageDecay is null or 0,
            $"{nameof(Patience)} is {Patience} and {nameof(AverageDecay)} {AverageDecay}: both choose the weights that come out; leave one of them out.");
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }
}

/// <summary>Where training stands.</summary>
/// <param name="Epoch">Passes done.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="TrainingLoss">Mean log loss over the pass, while it was learned from.</param>
/// <param name="ValidationLoss">Log loss on the validation records; null without any.</param>
/// <param name="ValidationAuc">Area under the ROC curve on them; null without any, or where they are all of one class.</param>
public sealed record RecordProgress(int Epoch, long Steps, double TrainingLoss, double? ValidationLoss, double? ValidationAuc);
