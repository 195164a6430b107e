using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dlrm.Data;

/// <summary>Batches from rows of a <see cref="TabularDataSet"/>, in a given order, or in a new one each pass.</summary>
/// <remarks>
/// The source does not own the data set. With a shuffle seed, the order of pass p depends on the seed and p alone, and
/// reading batch 0 begins the next pass, so training that goes on at pass p sets <see cref="NextPass"/> to p.
/// </remarks>
public sealed class InMemoryBatchSource : IResumableSource, IPartialBatchSource
{
    /// <summary>Rows gathered at a time: few enough to stay in the first-level cache while they are transposed.</summary>
    private const int Tile = 32;

    private readonly TabularDataSet _set;
    private readonly int[]? _order;
    private readonly int[]? _shuffled;
    private readonly int[] _tile;
    private readonly int _start;
    private readonly int _count;
    private readonly int _batchSize;
    private readonly ulong _seed;

    /// <summary>Batches of rows that follow each other.</summary>
    /// <param name="set">The rows.</param>
    /// <param name="start">First row.</param>
    /// <param name="count">Rows, 0 or more.</param>
    /// <param name="batchSize">B, 1 or more; the last batch may be shorter.</param>
    /// <param name="description">What is read, in a few words.</param>
    /// <param name="shuffleSeed">With a seed, each pass has an order of its own; without, file order.</param>
    public InMemoryBatchSource(
        TabularDataSet set, int start, int count, int batchSize, string description, ulong? shuffleSeed = null)
        : this(set, batchSize, description, shuffleSeed, count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, set.Rows - start);
        _start = start;
    }

    /// <summary>Batches of rows in a given order.</summary>
    /// <param name="set">The rows.</param>
    /// <param name="order">Row numbers in the order they are read; kept, not copied.</param>
    /// <param name="batchSize">B, 1 or more; the last batch may be shorter.</param>
    /// <param name="description">What is read, in a few words.</param>
    /// <param name="shuffleSeed">With a seed, each pass shuffles <paramref name="order"/> anew.</param>
    public InMemoryBatchSource(
        TabularDataSet set, int[] order, int batchSize, string description, ulong? shuffleSeed = null)
        : this(set, batchSize, description, shuffleSeed, order.Length)
    {
        foreach (int row in order)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)set.Rows, nameof(order));
        }

        _order = order;
    }

    private InMemoryBatchSource(TabularDataSet set, int batchSize, string description, ulong? shuffleSeed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        _set = set;
        _batchSize = batchSize;
        _count = count;
        Description = description;
        _tile = new int[Tile * set.Stride];
        if (shuffleSeed is ulong seed)
        {
            _seed = seed;
            _shuffled = new int[Math.Max(count, 0)];
        }
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int DenseFeatures => _set.DenseFeatures;

    /// <inheritdoc/>
    public IReadOnlyList<int> TableRows => _set.TableRows;

    /// <inheritdoc/>
    public int BatchCount => (int)((_count + (long)_batchSize - 1) / _batchSize);

    /// <inheritdoc/>
    public long SampleCount => _count;

    /// <summary>The pass that the next read of batch 0 begins, from 0. It matters with a shuffle seed alone.</summary>
    public int NextPass { get; set; }

    /// <inheritdoc/>
    public int PositionBytes => sizeof(int);

    /// <inheritdoc/>
    public void SavePosition(Span<byte> position) => BinaryPrimitives.WriteInt32LittleEndian(position, NextPass);

    /// <inheritdoc/>
    public void RestorePosition(ReadOnlySpan<byte> position)
    {
        int next = position.Length == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(position) : -1;
        if (next < 0)
        {
            throw new ArgumentException("A position in rows in memory is 4 bytes: the number of the next pass, 0 or more.", nameof(position));
        }

        NextPass = next;
        if (next > 0)
        {
            NextPass--;
            BeginPass();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no batch of that number.</exception>
    /// <exception cref="ArgumentException">The batch has other numbers of features or tables.</exception>
    public void Read(int index, Batch batch) => ReadPart(index, 0, SizeOf(index), batch);

    /// <inheritdoc/>
    public int SizeOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)BatchCount, nameof(index));
        return Math.Min(_batchSize, _count - (index * _batchSize));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch has other numbers of features or tables.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ReadPart(int index, int firstSample, int samples, Batch batch)
    {
        int dense = _set.DenseFeatures;
        int tables = _set.Tables;
        if (batch.DenseFeatures != dense || batch.Tables != tables)
        {
            throw new ArgumentException(
                $"The batch is for {batch.DenseFeatures} dense features and {batch.Tables} tables, "
                + $"the data have {dense} and {tables}.", nameof(batch));
        }

        if (index == 0)
        {
            BeginPass();
        }

        int first = (index * _batchSize) + firstSample;
        int size = samples;
        batch.Resize(size);
        WriteOffsets(batch, size);
        for (int table = 0; table < tables; table++)
        {
            batch.ReserveIndices(table, size);
        }

        for (int start = 0; start < size; start += Tile)
        {
            GatherTile(batch, first, start, Math.Min(Tile, size - start));
        }
    }

    /// <summary>Every bag has one lookup, so the offsets of all tables are 0, 1, …, B.</summary>
    private static void WriteOffsets(Batch batch, int size)
    {
        Span<int> offsets = batch.Offsets(0);
        for (int sample = 0; sample <= size; sample++)
        {
            offsets[sample] = sample;
        }

        for (int table = 1; table < batch.Tables; table++)
        {
            offsets.CopyTo(batch.Offsets(table));
        }
    }

    // Rows (tile, 1 + M + T) are fetched whole, then split into labels (B), dense (B, M) and indices (T) × (B).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherTile(Batch batch, int first, int start, int rows)
    {
        int stride = _set.Stride;
        int dense = _set.DenseFeatures;
        Span<int> tile = _tile;
        Span<float> labels = batch.Labels.Slice(start, rows);
        Span<float> features = batch.Dense.Slice(start * dense, rows * dense);
        int[]? order = _shuffled ?? _order;
        for (int sample = 0; sample < rows; sample++)
        {
            int position = first + start + sample;
            ReadOnlySpan<int> row = _set.Row(order is null ? _start + position : order[position]);
            row.CopyTo(tile[(sample * stride)..]);
        }

        for (int sample = 0; sample < rows; sample++)
        {
            ReadOnlySpan<float> row = MemoryMarshal.Cast<int, float>(tile.Slice(sample * stride, 1 + dense));
            labels[sample] = row[0];
            row[1..].CopyTo(features[(sample * dense)..]);
        }

        for (int table = 0; table < _set.Tables; table++)
        {
            Span<int> indices = batch.Indices(table).Slice(start, rows);
            int at = 1 + dense + table;
            for (int sample = 0; sample < indices.Length; sample++)
            {
                indices[sample] = tile[at];
                at += stride;
            }
        }
    }

    private void BeginPass()
    {
        int pass = NextPass++;
        if (_shuffled is null)
        {
            return;
        }

        for (int position = 0; position < _shuffled.Length; position++)
        {
            _shuffled[position] = _order is null ? _start + position : _order[position];
        }

        // Fisher and Yates, from the last position down.
        var random = new SplitMix64(_seed, (ulong)pass);
        for (int last = _shuffled.Length - 1; last > 0; last--)
        {
            int other = random.Below(last + 1);
            (_shuffled[last], _shuffled[other]) = (_shuffled[other], _shuffled[last]);
        }
    }
}
