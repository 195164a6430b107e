namespace Dlrm.Cli.Options;

/// <summary>The architecture and the loss.</summary>
internal static class ModelOptions
{
    public static readonly ToolOption<IReadOnlyList<int>> EmbeddingRows = new(
        "arch-embedding-size", OptionGroup.Model, new Sizes(), [4, 3, 2],
        "rows of each embedding table; a data set brings its own");

    public static readonly ToolOption<long> EmbeddingDimension = new(
        "arch-sparse-feature-size", OptionGroup.Model, new WholeNumber(1), 2, "elements of an embedding");

    public static readonly ToolOption<IReadOnlyList<int>> BottomMlp = new(
        "arch-mlp-bot", OptionGroup.Model, new Sizes(), [4, 3, 2],
        "widths of the bottom MLP: dense features first, the embedding's size last");

    public static readonly ToolOption<IReadOnlyList<int>> TopMlp = new(
        "arch-mlp-top", OptionGroup.Model, new Sizes(), [4, 2, 1],
        "widths of the top MLP after its input, which follows from the interaction; 1 last");

    public static readonly ToolOption<string> Interaction = new(
        "arch-interaction-op", OptionGroup.Model,
        new Choice("dot", "cat", "sum", "dot-dense", "dcn"),
        "dot",
        "how features meet: dot (each pair), cat (side by side), sum (dense features beside the sum of the embeddings), "
        + "dot-dense (dense features with each embedding), dcn (low-rank cross layers, as MLPerf's DLRM-DCNv2). sum, "
        + "dot-dense and dcn are not in the reference; see docs/interactions.md");

    public static readonly ToolOption<bool> InteractionItself = new(
        "arch-interaction-itself", OptionGroup.Model, new Flag(), false, "with dot: each feature with itself too");

    public static readonly ToolOption<string> Activation = new(
        "activation-function", OptionGroup.Model, new Choice("relu"), "relu", "what follows every hidden layer");

    public static readonly ToolOption<string> WeightedPooling = new(
        "weighted-pooling", OptionGroup.Model, new Choice("none", "fixed", "learned"), "none",
        "weights of the rows in a bag: learned, one a row that starts at 1; or fixed at 1, the same as none");

    public static readonly ToolOption<bool> MixedDimension = new(
        "md-flag", OptionGroup.Model, new Flag(), false,
        "large tables with narrow rows and a projection; see docs/tables.md");

    public static readonly ToolOption<long> MixedDimensionThreshold = new(
        "md-threshold", OptionGroup.Model, new WholeNumber(), 200, "with --md-flag: tables of more rows than this may be narrower");

    public static readonly ToolOption<double> MixedDimensionTemperature = new(
        "md-temperature", OptionGroup.Model, new Number(), 0.3, "with --md-flag: how fast widths fall with rows, 0 (not) to 1");

    public static readonly ToolOption<bool> MixedDimensionRound = new(
        "md-round-dims", OptionGroup.Model, new Flag(), false, "with --md-flag: widths are powers of two");

    public static readonly ToolOption<bool> QuotientRemainder = new(
        "qr-flag", OptionGroup.Model, new Flag(), false,
        "large tables as two small ones, looked up by quotient and remainder; see docs/tables.md");

    public static readonly ToolOption<long> QuotientRemainderThreshold = new(
        "qr-threshold", OptionGroup.Model, new WholeNumber(), 200, "with --qr-flag: tables of more rows than this are split");

    public static readonly ToolOption<string> QuotientRemainderOperation = new(
        "qr-operation", OptionGroup.Model, new Choice("mult", "add", "concat"), "mult",
        "with --qr-flag: how the two pooled vectors are joined; with concat the bottom MLP ends in twice the embedding's size");

    public static readonly ToolOption<long> QuotientRemainderCollisions = new(
        "qr-collisions", OptionGroup.Model, new WholeNumber(1), 4, "with --qr-flag: rows of the remainder table");

    public static readonly ToolOption<long> QuantizeMlp = new(
        "quantize-mlp-with-bit", OptionGroup.Model, new OneOfNumbers(8, 16, 32), 32, "bits of the MLPs' weights in inference");

    public static readonly ToolOption<long> QuantizeEmbeddings = new(
        "quantize-emb-with-bit", OptionGroup.Model, new OneOfNumbers(4, 8, 32), 32, "bits of the tables in inference");

    public static readonly ToolOption<string> Loss = new(
        "loss-function", OptionGroup.Loss, new Choice("mse", "bce", "wbce"), "mse",
        "mean squared error, binary cross-entropy, or the latter weighted by class");

    public static readonly ToolOption<IReadOnlyList<double>> LossWeights = new(
        "loss-weights", OptionGroup.Loss, new Numbers(), [1.0, 1.0], "with wbce: weights of negatives and positives",
        "1.0-1.0");

    public static readonly ToolOption<double> LossThreshold = new(
        "loss-threshold", OptionGroup.Loss, new Number(), 0, "t in (0, 1): scores are kept in [t, 1 - t]; else no clamp");

    public static readonly ToolOption<bool> RoundTargets = new(
        "round-targets", OptionGroup.Loss, new Flag(), false, "random labels are rounded to 0 or 1");

    /// <summary>Those that say how <c>--qr-flag</c> splits tables.</summary>
    public static IReadOnlyList<ToolOption> QuotientRemainderDetails { get; } =
        [QuotientRemainderThreshold, QuotientRemainderOperation, QuotientRemainderCollisions];

    /// <summary>Those that say how <c>--md-flag</c> narrows tables.</summary>
    public static IReadOnlyList<ToolOption> MixedDimensionDetails { get; } =
        [MixedDimensionThreshold, MixedDimensionTemperature, MixedDimensionRound];

    /// <summary>Those that make a model; <c>evaluate</c> takes them from the saved one instead.</summary>
    public static IReadOnlyList<ToolOption> Architecture { get; } =
    [
        EmbeddingDimension, EmbeddingRows, BottomMlp, TopMlp, Interaction, InteractionItself, .. CrossOptionSet.All, Activation,
        .. TowerOptionSet.All,
        TableOptions.Pooling, WeightedPooling, MixedDimension, MixedDimensionThreshold, MixedDimensionTemperature, MixedDimensionRound,
        QuotientRemainder, QuotientRemainderThreshold, QuotientRemainderOperation, QuotientRemainderCollisions,
    ];

    public static IReadOnlyList<ToolOption> Quantization { get; } =
        [QuantizeMlp, QuantizeEmbeddings, PrecisionOptions.QuantizeConfig, PrecisionOptions.EmbeddingType];

    public static IReadOnlyList<ToolOption> Losses { get; } = [Loss, LossWeights, LossThreshold, RoundTargets];
}
