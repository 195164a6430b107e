namespace Dlrm.Interop.Onnx;

/// <summary>How raw values become a model's inputs, to go into the file with it.</summary>
public sealed record OnnxPreprocessing
{
    /// <summary>The dense features, in the order of the model's input.</summary>
    public required IReadOnlyList<OnnxDenseFeature> Dense { get; init; }

    /// <summary>The categorical features, in the order of the tables.</summary>
    public required IReadOnlyList<OnnxVocabulary> Sparse { get; init; }
}

/// <summary>A dense feature: y = scale(log1p(clip(x))), what is not asked for left out.</summary>
public sealed record OnnxDenseFeature
{
    /// <summary>The raw column, an input of the file; null for a constant 1.</summary>
    public required string? Column { get; init; }

    /// <summary>1 where the raw value is NaN, else 0: nothing else applies.</summary>
    public bool IsIndicator { get; init; }

    /// <summary>Smaller values become this.</summary>
    public double? ClipLow { get; init; }

    /// <summary>Larger values become this.</summary>
    public double? ClipHigh { get; init; }

    /// <summary>ln(max(x, 0) + 1).</summary>
    public bool Log1p { get; init; }

    /// <summary>Subtracted.</summary>
    public double Shift { get; init; }

    /// <summary>Divided by.</summary>
    public double Divisor { get; init; } = 1;

    /// <summary>Ascending borders: y is the share of them at or below x. Null for none.</summary>
    public IReadOnlyList<double>? Borders { get; init; }

    /// <summary>What NaN counts as; null for y = 0.</summary>
    public double? Fill { get; init; }

    /// <summary>The same by the program that made the training data: what the file is compared with.</summary>
    public required Func<double, float> Encode { get; init; }
}

/// <summary>A categorical feature: value number n of the vocabulary is row n + 1 of its table, any other one row 0.</summary>
/// <param name="Column">The raw column, an input of the file.</param>
/// <param name="Values">The vocabulary in its order.</param>
/// <param name="IsNumber">The input takes whole numbers, not texts; then values that are none (the empty text) are left out.</param>
public sealed record OnnxVocabulary(string Column, IReadOnlyList<string> Values, bool IsNumber);
