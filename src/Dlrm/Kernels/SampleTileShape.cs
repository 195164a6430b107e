namespace Dlrm.Kernels;

/// <summary>Which of the 4 × 4 sums of a <see cref="SampleTile"/> are computed; the compiler drops the others.</summary>
internal interface ISampleTileShape
{
    /// <summary>Columns in use, 1 … 4.</summary>
    static abstract int Columns { get; }

    /// <summary>True to compute the sum in a row and a column, both 0 … 3.</summary>
    static abstract bool Has(int row, int column);
}

/// <summary>4 rows, 1 column.</summary>
internal readonly struct OneColumn : ISampleTileShape
{
    public static int Columns => 1;

    public static bool Has(int row, int column) => column < 1;
}

/// <summary>4 rows, 2 columns: 8 accumulators, what 16 registers can hold.</summary>
internal readonly struct TwoColumns : ISampleTileShape
{
    public static int Columns => 2;

    public static bool Has(int row, int column) => column < 2;
}

/// <summary>4 rows, 3 columns.</summary>
internal readonly struct ThreeColumns : ISampleTileShape
{
    public static int Columns => 3;

    public static bool Has(int row, int column) => column < 3;
}

/// <summary>4 rows, 4 columns: 16 accumulators, for 32 registers.</summary>
internal readonly struct FourColumns : ISampleTileShape
{
    public static int Columns => 4;

    public static bool Has(int row, int column) => true;
}

/// <summary>What lies below the diagonal.</summary>
internal readonly struct BelowDiagonal : ISampleTileShape
{
    public static int Columns => 3;

    public static bool Has(int row, int column) => column < row;
}

/// <summary>What lies below the diagonal and on it.</summary>
internal readonly struct UpToDiagonal : ISampleTileShape
{
    public static int Columns => 4;

    public static bool Has(int row, int column) => column <= row;
}
