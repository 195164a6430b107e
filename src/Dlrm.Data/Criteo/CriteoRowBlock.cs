using Dlrm.Data.Lines;
using Dlrm.Kernels;

namespace Dlrm.Data.Criteo;

/// <summary>Rows read from one block of text, R of them.</summary>
internal sealed class CriteoRowBlock
{
    /// <summary>A line has 39 tabs, a label and a line feed at least.</summary>
    public const int Capacity = (TextBlock.Capacity / 41) + 1;

    /// <summary>R.</summary>
    public int Rows { get; set; }

    /// <summary>Lines of the block, the bad ones included.</summary>
    public int Lines { get; set; }

    /// <summary>The bad ones; their line numbers count from the start of the block.</summary>
    public List<BadLine> BadLines { get; } = [];

    /// <summary>Labels, (R), 0 or 1.</summary>
    public byte[] Labels { get; } = new byte[Capacity];

    /// <summary>Whole numbers, (R, 13) row-major, as they stand in the file; 0 where missing.</summary>
    public int[] Dense { get; } = new int[Capacity * CriteoColumns.Dense];

    /// <summary>Hashes, (26, capacity): a column lies in one piece, because each goes to a vocabulary of its own.</summary>
    public uint[] Hashes { get; } = new uint[Capacity * CriteoColumns.Categorical];

    /// <summary>Places of the block's tabs and line ends, with room for a line's more.</summary>
    public int[] Separators { get; } = new int[TextBlock.Capacity + TextBlock.Padding + CriteoColumns.Count + ByteScan.Slack];

    /// <summary>Places of the block's line ends.</summary>
    public int[] LineEnds { get; } = new int[TextBlock.Capacity + TextBlock.Padding + ByteScan.Slack];

    /// <summary>What the hashes are numbered to, (R, 26) row-major.</summary>
    public int[] Indices { get; } = new int[Capacity * CriteoColumns.Categorical];

    /// <summary>The hashes of one column, (R).</summary>
    public Span<uint> Column(int column) => Hashes.AsSpan(column * Capacity, Rows);

    /// <summary>Leaves out the rows that are not kept.</summary>
    /// <param name="keep">Whether a row is kept, asked for each in order.</param>
    public void Filter(Func<int, bool> keep)
    {
        int kept = 0;
        for (int row = 0; row < Rows; row++)
        {
            if (keep(row))
            {
                Move(row, kept++);
            }
        }

        Rows = kept;
    }

    private void Move(int from, int to)
    {
        if (from == to)
        {
            return;
        }

        Labels[to] = Labels[from];
        Dense.AsSpan(from * CriteoColumns.Dense, CriteoColumns.Dense).CopyTo(Dense.AsSpan(to * CriteoColumns.Dense));
        for (int column = 0; column < CriteoColumns.Categorical; column++)
        {
            Hashes[(column * Capacity) + to] = Hashes[(column * Capacity) + from];
        }
    }
}
