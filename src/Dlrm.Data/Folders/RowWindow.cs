using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Data.Folders;

/// <summary>A shuffle buffer: rows copied from the mapped files, each in one piece, so that any can be fetched cheaply.</summary>
/// <remarks>
/// A row is <c>[label, weight?, M dense, T × index]</c> of four bytes each; for a feature with bags the index is where
/// its bag begins in a buffer of the feature's values, which holds the bag's length and then its values.
/// </remarks>
internal sealed class RowWindow : IDisposable
{
    private const int Tile = 64;

    private readonly NativeBuffer<int> _rows;
    private readonly NativeBuffer<int>?[] _items;
    private readonly int[] _used;
    private readonly int[] _tile;
    private readonly SplitRows _source;
    private readonly int _dense;
    private readonly int _head;

    /// <summary>Room for rows.</summary>
    public RowWindow(SplitRows source, int capacity)
    {
        _source = source;
        _dense = source.DenseFeatures;
        _head = 1 + (source.Weighted ? 1 : 0);
        Stride = _head + _dense + source.Bags.Length;
        _rows = new NativeBuffer<int>((long)capacity * Stride);
        _items = [.. source.Bags.Select(bag => bag ? new NativeBuffer<int>(capacity) : null)];
        _used = new int[_items.Length];
        _tile = new int[Tile * Stride];
    }

    /// <summary>Rows in it.</summary>
    public int Rows { get; private set; }

    /// <summary>Numbers a row takes.</summary>
    public int Stride { get; }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Rows = 0;
        Array.Clear(_used);
    }

    /// <summary>Adds rows of a record batch.</summary>
    public void Append(RowFile.Piece piece, int start, int count)
    {
        for (int done = 0; done < count; done += Tile)
        {
            AppendTile(piece, start + done, Math.Min(Tile, count - done));
        }
    }

    /// <summary>Writes rows to a batch, whose size is set already.</summary>
    /// <param name="order">Numbers of rows in this window.</param>
    /// <param name="batch">Where to.</param>
    /// <param name="at">First sample to write.</param>
    public void Gather(ReadOnlySpan<int> order, Batch batch, int at)
    {
        for (int done = 0; done < order.Length; done += Tile)
        {
            GatherTile(order.Slice(done, Math.Min(Tile, order.Length - done)), batch, at + done);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _rows.Dispose();
        foreach (NativeBuffer<int>? items in _items)
        {
            items?.Dispose();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AppendTile(RowFile.Piece piece, int start, int count)
    {
        Span<int> rows = _rows.Slice((long)Rows * Stride, count * Stride);
        Scatter(piece.Column<int>(0, start, count), rows, 0);
        if (_head > 1)
        {
            Scatter(piece.Column<int>(1 + _dense + _items.Length, start, count), rows, 1);
        }

        for (int feature = 0; feature < _dense; feature++)
        {
            Scatter(piece.Column<int>(1 + feature, start, count), rows, _head + feature);
        }

        for (int table = 0; table < _items.Length; table++)
        {
            if (_items[table] is null)
            {
                Scatter(piece.Column<int>(1 + _dense + table, start, count), rows, _head + _dense + table);
            }
            else
            {
                AppendBags(piece, start, count, table, rows);
            }
        }

        Rows += count;
    }

    private void Scatter(ReadOnlySpan<int> column, Span<int> rows, int at)
    {
        int stride = Stride;
        foreach (int value in column)
        {
            rows[at] = value;
            at += stride;
        }
    }

    private void AppendBags(RowFile.Piece piece, int start, int count, int table, Span<int> rows)
    {
        int column = 1 + _dense + table;
        ReadOnlySpan<int> offsets = piece.Offsets(column, start, count);
        ReadOnlySpan<int> items = piece.ItemsOf(column, offsets[0], offsets[^1] - offsets[0]);
        int used = _used[table];
        int needed = checked(used + count + items.Length);
        if (needed > _items[table]!.Length)
        {
            var grown = new NativeBuffer<int>(Math.Max(needed, Math.Min(2 * _items[table]!.Length, int.MaxValue)));
            _items[table]!.Slice(0, used).CopyTo(grown.Slice(0, used));
            _items[table]!.Dispose();
            _items[table] = grown;
        }

        Span<int> target = _items[table]!.Slice(0, needed);
        for (int row = 0; row < count; row++)
        {
            int length = offsets[row + 1] - offsets[row];
            rows[(row * Stride) + _head + _dense + table] = used;
            target[used] = length;
            items.Slice(offsets[row] - offsets[0], length).CopyTo(target[(used + 1)..]);
            used += length + 1;
        }

        _used[table] = used;
    }

    // Rows are fetched whole into a tile, then split into labels (B), dense (B, M) and indices (T) × (B).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherTile(ReadOnlySpan<int> order, Batch batch, int at)
    {
        int stride = Stride;
        Span<int> tile = _tile;
        for (int sample = 0; sample < order.Length; sample++)
        {
            _rows.Slice((long)order[sample] * stride, stride).CopyTo(tile[(sample * stride)..]);
        }

        Span<float> labels = batch.Labels.Slice(at, order.Length);
        Span<float> dense = batch.Dense.Slice(at * _dense, order.Length * _dense);
        for (int sample = 0; sample < order.Length; sample++)
        {
            ReadOnlySpan<float> row = MemoryMarshal.Cast<int, float>(tile.Slice(sample * stride, _head + _dense));
            labels[sample] = row[0];
            row[_head..].CopyTo(dense[(sample * _dense)..]);
        }

        if (_head > 1)
        {
            Span<float> weights = batch.Weights.Slice(at, order.Length);
            for (int sample = 0; sample < order.Length; sample++)
            {
                weights[sample] = BitConverter.Int32BitsToSingle(tile[(sample * stride) + 1]);
            }
        }

        for (int table = 0; table < _items.Length; table++)
        {
            int from = _head + _dense + table;
            Span<int> offsets = batch.Offsets(table);
            if (_items[table] is null)
            {
                Span<int> indices = batch.ReserveIndices(table, batch.Size).Slice(at, order.Length);
                for (int sample = 0; sample < indices.Length; sample++)
                {
                    indices[sample] = tile[from];
                    offsets[at + sample + 1] = at + sample + 1;
                    from += stride;
                }
            }
            else
            {
                GatherBags(order.Length, batch, at, table);
            }
        }
    }

    private void GatherBags(int count, Batch batch, int at, int table)
    {
        Span<int> offsets = batch.Offsets(table);
        int used = offsets[at];
        for (int sample = 0; sample < count; sample++)
        {
            int start = _tile[(sample * Stride) + _head + _dense + table];
            int length = _items[table]![start];
            _items[table]!.Slice(start + 1, length).CopyTo(batch.ReserveIndices(table, used + length)[used..]);
            used += length;
            offsets[at + sample + 1] = used;
        }
    }
}
