using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>Fills a run of elements, in order.</summary>
/// <param name="values">Out.</param>
public delegate void FillSpan(Span<float> values);

/// <summary>Takes whole rows, in order.</summary>
/// <param name="firstRow">The first one's number.</param>
/// <param name="rows">Row-major.</param>
internal delegate void RowSink(long firstRow, ReadOnlySpan<float> rows);

/// <summary>One trained tensor under the name that the reference's state_dict gives it.</summary>
/// <remarks>
/// It owns its values. Dense parameters also own a gradient; tables have none (their updates are sparse). Tables, and the
/// weights of towers that only predict, may be kept in fewer bits (<see cref="Storage"/>): then <see cref="Packed"/> holds
/// them, and <see cref="Value"/> is not there; <see cref="Read"/> and <see cref="Write"/> convert whole rows.
/// </remarks>
public sealed class Parameter : IDisposable
{
    /// <summary>Floats converted at a time.</summary>
    private const int PieceFloats = 1 << 20;

    private readonly Lock _allocating = new();
    private NativeBuffer<float>? _value;
    private NativeBuffer<byte>? _packed;

    /// <summary>A zeroed parameter.</summary>
    /// <param name="name">E.g. <c>bot_l.0.weight</c>.</param>
    /// <param name="shape">One or two dimensions, row-major.</param>
    /// <param name="dense">True to keep a gradient.</param>
    public Parameter(string name, ReadOnlySpan<int> shape, bool dense)
    {
        Name = name;
        Shape = shape.ToArray();
        Elements = 1;
        foreach (int extent in shape)
        {
            Elements = checked(Elements * extent);
        }

        Gradient = dense ? new NativeBuffer<float>(Elements) : null;
    }

    /// <summary>The state_dict name.</summary>
    public string Name { get; }

    /// <summary>(rows, columns), or (elements).</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Elements.</summary>
    public long Elements { get; }

    /// <summary>How the values are kept.</summary>
    public StorageFormat Storage { get; private set; }

    /// <summary>The values, row-major.</summary>
    /// <exception cref="InvalidOperationException">They are not kept in single precision: see <see cref="Read"/>.</exception>
    public NativeBuffer<float> Value => _value ?? Allocate();

    /// <summary>The rows' bytes where <see cref="Storage"/> is not single precision.</summary>
    /// <exception cref="InvalidOperationException">The values are kept in single precision.</exception>
    public NativeBuffer<byte> Packed => _packed
        ?? throw new InvalidOperationException($"{Name} is kept in single precision: read {nameof(Value)}.");

    /// <summary>Bytes of the values.</summary>
    public long Bytes => Rows * Storage.RowBytes(Columns);

    /// <summary>The gradient of the last backward pass; null for tables.</summary>
    public NativeBuffer<float>? Gradient { get; }

    /// <summary>Which part of a model's parameter this is, where ranks share it; null for a whole one.</summary>
    internal ShardRegion? Region { get; set; }

    /// <summary>True in a model that ranks share: other ranks may have other parts, and other tables.</summary>
    internal bool IsShared { get; set; }

    /// <summary>Who gets the values that this parameter is filled with, in its place; null for itself.</summary>
    internal RowSink? Sink { get; set; }

    private long Rows => Shape.Count == 1 ? 1 : Shape[0];

    private int Columns => Shape[^1];

    /// <summary>Converts whole rows to floats.</summary>
    /// <param name="firstRow">The first of them.</param>
    /// <param name="rows">As many rows as fit, out.</param>
    public void Read(long firstRow, Span<float> rows)
    {
        if (Storage == StorageFormat.Float32)
        {
            Value.Slice(firstRow * Columns, rows.Length).CopyTo(rows);
            return;
        }

        int rowBytes = (int)Storage.RowBytes(Columns);
        for (int row = 0; row < rows.Length / Columns; row++)
        {
            RowCodec.Decode(Storage, Packed.Slice((firstRow + row) * rowBytes, rowBytes), rows.Slice(row * Columns, Columns));
        }
    }

    /// <summary>Sets whole rows from floats: to the nearest of what <see cref="Storage"/> can keep.</summary>
    /// <param name="firstRow">The first of them.</param>
    /// <param name="rows">Whole rows.</param>
    public void Write(long firstRow, ReadOnlySpan<float> rows)
    {
        if (Storage == StorageFormat.Float32)
        {
            rows.CopyTo(Value.Slice(firstRow * Columns, rows.Length));
            return;
        }

        int rowBytes = (int)Storage.RowBytes(Columns);
        for (int row = 0; row < rows.Length / Columns; row++)
        {
            RowCodec.Encode(Storage, rows.Slice(row * Columns, Columns), Packed.Slice((firstRow + row) * rowBytes, rowBytes));
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _value?.Dispose();
        _packed?.Dispose();
        Gradient?.Dispose();
    }

    /// <summary>Chooses how the values are kept, before there are any.</summary>
    /// <param name="format">How.</param>
    /// <exception cref="InvalidOperationException">There are values already, or a gradient.</exception>
    internal void Store(StorageFormat format)
    {
        if (_value is not null || _packed is not null || Gradient is not null)
        {
            throw new InvalidOperationException($"{Name} has its values already.");
        }

        Storage = format;
        _packed = format == StorageFormat.Float32 ? null : new NativeBuffer<byte>(Bytes);
    }

    /// <summary>Gives every element a value, in order, converted where it is not kept as a float.</summary>
    /// <param name="fill">Called for one run of elements after another.</param>
    public void Fill(FillSpan fill)
    {
        long rowsAtOnce = Math.Max(1, PieceFloats / Columns);
        float[] piece = Storage == StorageFormat.Float32 && Sink is null ? [] : new float[Math.Min(rowsAtOnce, Rows) * Columns];
        for (long row = 0; row < Rows; row += rowsAtOnce)
        {
            int count = (int)(Math.Min(rowsAtOnce, Rows - row) * Columns);
            if (Sink is { } sink)
            {
                fill(piece.AsSpan(0, count));
                sink(row, piece.AsSpan(0, count));
            }
            else if (Storage == StorageFormat.Float32)
            {
                fill(Value.Slice(row * Columns, count));
            }
            else
            {
                fill(piece.AsSpan(0, count));
                Write(row, piece.AsSpan(0, count));
            }
        }
    }

    /// <summary>Gives every element one value; of no effect where another parameter gets the values.</summary>
    /// <param name="value">The value.</param>
    internal void FillWith(float value)
    {
        const int Piece = 1 << 24;
        for (long start = 0; Sink is null && start < Elements; start += Piece)
        {
            Value.Slice(start, (int)Math.Min(Piece, Elements - start)).Fill(value);
        }
    }

    private NativeBuffer<float> Allocate()
    {
        if (Storage != StorageFormat.Float32)
        {
            throw new InvalidOperationException(
                $"{Name} is kept as {Storage}, not in single precision: read it with {nameof(Read)}, or its bytes, {nameof(Packed)}.");
        }

        lock (_allocating)
        {
            return _value ??= new NativeBuffer<float>(Elements);
        }
    }
}
