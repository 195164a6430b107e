using Dlrm.Data.Lines;

namespace Dlrm.Data.Preprocessing;

/// <summary>Rows read from one block of text: numbers as they stand, categories as places in the text, later as numbers.</summary>
internal sealed class RawBlock
{
    /// <summary>An empty block.</summary>
    public RawBlock(int dense, IReadOnlyList<bool> bags, bool weighted, bool grouped, bool keyed)
    {
        Dense = new double[dense][];
        for (int feature = 0; feature < dense; feature++)
        {
            Dense[feature] = new double[64];
        }

        Tokens = [.. bags.Select(bag => new TokenColumn(bag))];
        Groups = grouped ? new long[64] : null;
        Weights = weighted ? new float[64] : null;
        Keys = keyed ? new long[64] : null;
    }

    /// <summary>The text; a parser takes escapes out of it in place.</summary>
    public TextBlock? Text { get; set; }

    /// <summary>R: rows.</summary>
    public int Rows { get; set; }

    /// <summary>Lines of the text, those of bad rows included.</summary>
    public int Lines { get; set; }

    /// <summary>Bytes of the text, dropped ones included.</summary>
    public long TextBytes { get; set; }

    /// <summary>Bad rows; their line numbers count from the block's first.</summary>
    public List<BadLine> BadLines { get; } = [];

    /// <summary>(R).</summary>
    public float[] Labels { get; private set; } = new float[64];

    /// <summary>(M) of (R); NaN where missing.</summary>
    public double[][] Dense { get; }

    /// <summary>(T).</summary>
    public TokenColumn[] Tokens { get; }

    /// <summary>(R), or null: whole numbers as they are, other texts by their XxHash3.</summary>
    public long[]? Groups { get; private set; }

    /// <summary>(R), or null.</summary>
    public float[]? Weights { get; private set; }

    /// <summary>(R): what decides the part, or null.</summary>
    public long[]? Keys { get; private set; }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Rows = 0;
        Lines = 0;
        BadLines.Clear();
        foreach (TokenColumn tokens in Tokens)
        {
            tokens.Count = 0;
        }
    }

    /// <summary>Makes room for one more row.</summary>
    public void Reserve()
    {
        if (Rows == Labels.Length)
        {
            Resize(2 * Rows);
        }
    }

    /// <summary>Makes room for rows.</summary>
    public void Resize(int rows)
    {
        if (rows <= Labels.Length)
        {
            return;
        }

        Labels = Grown(Labels, rows);
        for (int feature = 0; feature < Dense.Length; feature++)
        {
            Dense[feature] = Grown(Dense[feature], rows);
        }

        Weights = Weights is null ? null : Grown(Weights, rows);
        Keys = Keys is null ? null : Grown(Keys, rows);
        Groups = Groups is null ? null : Grown(Groups, rows);
    }

    private static T[] Grown<T>(T[] array, int length)
    {
        Array.Resize(ref array, length);
        return array;
    }

    /// <summary>The values of one categorical feature.</summary>
    internal sealed class TokenColumn(bool isBag)
    {
        /// <summary>Values.</summary>
        public int Count { get; set; }

        /// <summary>Where a value begins in the text.</summary>
        public int[] Starts { get; private set; } = new int[64];

        /// <summary>Its length.</summary>
        public int[] Lengths { get; private set; } = new int[64];

        /// <summary>Numbers of the values, once they have been given.</summary>
        public int[] Ids { get; private set; } = new int[64];

        /// <summary>(R + 1): values before each row, for bags; null for one value a row.</summary>
        public int[]? Offsets { get; private set; } = isBag ? new int[65] : null;

        /// <summary>Adds a value.</summary>
        public void Add(int start, int length)
        {
            ReserveValues(Count + 1);
            Starts[Count] = start;
            Lengths[Count++] = length;
        }

        /// <summary>Makes room for values.</summary>
        public void ReserveValues(int count)
        {
            if (count > Starts.Length)
            {
                int length = Math.Max(count, 2 * Starts.Length);
                Starts = Grown(Starts, length);
                Lengths = Grown(Lengths, length);
                Ids = Grown(Ids, length);
            }
        }

        /// <summary>Ends the bag of a row.</summary>
        public void EndRow(int row)
        {
            if (Offsets is not null)
            {
                ReserveRows(row + 1);
                Offsets[row + 1] = Count;
            }
        }

        /// <summary>Makes room for the offsets of rows.</summary>
        public void ReserveRows(int rows)
        {
            if (Offsets is not null && rows + 1 > Offsets.Length)
            {
                Offsets = Grown(Offsets, Math.Max(rows + 1, 2 * Offsets.Length));
            }
        }
    }
}
