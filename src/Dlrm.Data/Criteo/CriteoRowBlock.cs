using Dlrm.Data.Lines;

namespace Dlrm.Data.Criteo;

/// <summary>Rows read from one block of text, R of them.</summary>
internal sealed class CriteoRowBlock
{
    /// <summary>A line has 39 tabs, a label and a line feed at least.</summary>
    public const int Capacity = (TextBlock.Capacity / 41) + 1;

    /// <summary>R.</summary>
    public int Rows { get; set; }

    /// <summary>Labels, (R), 0 or 1.</summary>
    public byte[] Labels { get; } = new byte[Capacity];

    /// <summary>Whole numbers, (R, 13) row-major, as they stand in the file; 0 where missing.</summary>
    public int[] Dense { get; } = new int[Capacity * CriteoColumns.Dense];

    /// <summary>Hashes, (26, capacity): a column lies in one piece, because each goes to a vocabulary of its own.</summary>
    public uint[] Hashes { get; } = new uint[Capacity * CriteoColumns.Categorical];

    /// <summary>The hashes of one column, (R).</summary>
    public Span<uint> Column(int column) => Hashes.AsSpan(column * Capacity, Rows);
}
