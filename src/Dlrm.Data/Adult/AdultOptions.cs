namespace Dlrm.Data.Adult;

/// <summary>How the embedded sample is prepared.</summary>
public sealed record AdultOptions
{
    /// <summary>B, 1 or more.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>B of the test batches, 1 or more.</summary>
    public int TestBatchSize { get; init; } = 1024;

    /// <summary>Decides the order of the training rows in each pass; null leaves them in file order.</summary>
    public ulong? ShuffleSeed { get; init; } = 123;

    /// <summary>Values that fewer training rows have share index 0 with unseen ones.</summary>
    public int RareBelow { get; init; } = 4;

    /// <summary>The whole numbers are categories too, in six tables more (<see cref="NumberCategories"/>).</summary>
    public bool NumbersAsCategories { get; init; }

    /// <summary>The last share of the training rows that is held out for validation, in [0, 1).</summary>
    public double ValidationFraction { get; init; }

    /// <summary>Brings the logarithms to mean 0 and deviation 1 over the training rows; false leaves them as they are.</summary>
    public bool Standardize { get; init; } = true;
}
