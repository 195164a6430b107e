using System.Runtime.InteropServices;

namespace Dlrm.Data.Folders;

/// <summary>A column's values in bytes, as Arrow wants them, seen as numbers.</summary>
internal sealed class ColumnBuffer
{
    private byte[] _bytes = [];

    /// <summary>The first bytes.</summary>
    /// <param name="length">How many.</param>
    public ReadOnlyMemory<byte> Memory(int length) => _bytes.AsMemory(0, length);

    /// <summary>All of it.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>All of it as float32.</summary>
    public Span<float> Floats => MemoryMarshal.Cast<byte, float>(_bytes.AsSpan());

    /// <summary>All of it as int32.</summary>
    public Span<int> Ints => MemoryMarshal.Cast<byte, int>(_bytes.AsSpan());

    /// <summary>All of it as int64.</summary>
    public Span<long> Longs => MemoryMarshal.Cast<byte, long>(_bytes.AsSpan());

    /// <summary>Makes room for elements of four bytes, keeping what is there.</summary>
    public void Reserve(int elements, int size = sizeof(int))
    {
        long bytes = (long)elements * size;
        if (bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, checked((int)Math.Max(bytes, Math.Min(2L * _bytes.Length, 1 << 30))));
        }
    }
}

/// <summary>Rows in columns, on their way to a file: R rows of a label, M dense features, T features, weight and group.</summary>
internal sealed class RowBuffers
{
    /// <summary>Room for rows.</summary>
    /// <param name="dense">M.</param>
    /// <param name="bags">(T): whether a feature has bags.</param>
    /// <param name="weighted">There is a weight.</param>
    /// <param name="grouped">There is a group.</param>
    public RowBuffers(int dense, IReadOnlyList<bool> bags, bool weighted, bool grouped)
    {
        Dense = [.. Enumerable.Range(0, dense).Select(_ => new ColumnBuffer())];
        Sparse = [.. bags.Select(_ => new ColumnBuffer())];
        Offsets = [.. bags.Select(bag => bag ? new ColumnBuffer() : null)];
        Weights = weighted ? new ColumnBuffer() : null;
        Groups = grouped ? new ColumnBuffer() : null;
    }

    /// <summary>R: rows in use.</summary>
    public int Rows { get; set; }

    /// <summary>(R) float32.</summary>
    public ColumnBuffer Labels { get; } = new();

    /// <summary>(M) of (R) float32.</summary>
    public ColumnBuffer[] Dense { get; }

    /// <summary>(T) of (R) int32, or of the lookups of all bags.</summary>
    public ColumnBuffer[] Sparse { get; }

    /// <summary>(T) of (R + 1) int32 where the feature has bags, else null.</summary>
    public ColumnBuffer?[] Offsets { get; }

    /// <summary>(R) float32, or null.</summary>
    public ColumnBuffer? Weights { get; }

    /// <summary>(R) int64, or null.</summary>
    public ColumnBuffer? Groups { get; }

    /// <summary>Makes room for rows; bags' values are reserved apart.</summary>
    public void Reserve(int rows)
    {
        Labels.Reserve(rows);
        foreach (ColumnBuffer column in Dense)
        {
            column.Reserve(rows);
        }

        for (int table = 0; table < Sparse.Length; table++)
        {
            Sparse[table].Reserve(rows);
            Offsets[table]?.Reserve(rows + 1);
        }

        Weights?.Reserve(rows);
        Groups?.Reserve(rows, sizeof(long));
    }
}
