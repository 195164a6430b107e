using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dlrm.Data.Criteo;
using Dlrm.Data.Numpy;
using Microsoft.Win32.SafeHandles;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>Batches straight from the Terabyte set's binary form: each is one read of the file (<c>--mlperf-bin-loader</c>).</summary>
/// <remarks>
/// Shuffled, whole batches come in an order that is a function of the seed and the pass, new each pass
/// (<c>--mlperf-bin-shuffle</c>; the reference draws its order from PyTorch's generator).
/// </remarks>
public sealed class BinaryBatchSource : IResumableSource, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly int _batchSize;
    private readonly int _modulo;
    private readonly ulong? _seed;
    private readonly int[] _rows;
    private readonly string _path;
    private int[]? _order;
    private int _pass = -1;

    /// <summary>Opens a file.</summary>
    /// <param name="path">int32 rows of a label, 13 numbers and 26 categories.</param>
    /// <param name="counts">(26): rows of the tables.</param>
    /// <param name="batchSize">B, 1 or more; the last batch may be shorter.</param>
    /// <param name="maxIndexRange">Categories count modulo this; 0 or less for no bound.</param>
    /// <param name="shuffleSeed">With a seed, batches are shuffled anew each pass.</param>
    /// <exception cref="BadDataException">It is no whole number of rows, or there are not 26 counts.</exception>
    public BinaryBatchSource(string path, IReadOnlyList<int> counts, int batchSize, int maxIndexRange = 0, ulong? shuffleSeed = null)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        _path = path;
        _file = File.OpenHandle(path);
        long length = RandomAccess.GetLength(_file);
        BinaryInput.RequireWhole(path, length);
        if (counts.Count != CriteoColumns.Categorical)
        {
            throw new BadDataException(path, $"goes with 26 counts of categories, not {counts.Count}.");
        }

        _batchSize = batchSize;
        _modulo = maxIndexRange;
        _seed = shuffleSeed;
        _rows = new int[batchSize * CriteoColumns.Count];
        SampleCount = length / BinaryInput.RowBytes;
        BatchCount = checked((int)((SampleCount + batchSize - 1) / batchSize));
        TableRows = [.. counts.Select(count => maxIndexRange > 0 ? Math.Min(count, maxIndexRange) : count)];
    }

    /// <inheritdoc/>
    public string Description => Path.GetFileName(_path);

    /// <inheritdoc/>
    public int DenseFeatures => CriteoColumns.Dense;

    /// <inheritdoc/>
    public IReadOnlyList<int> TableRows { get; }

    /// <inheritdoc/>
    public int BatchCount { get; }

    /// <inheritdoc/>
    public long SampleCount { get; }

    /// <summary>The pass that the next read of batch 0, or the first read of all, begins, from 0.</summary>
    public int NextPass { get; set; }

    /// <inheritdoc/>
    public int PositionBytes => sizeof(int);

    /// <summary>Reads the counts of a *_fea_count.npz.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="BadDataException">It is none.</exception>
    public static IReadOnlyList<int> ReadCounts(string path)
    {
        using var file = new NpzFile(path);
        return file.Ints("counts").Values;
    }

    /// <inheritdoc/>
    public void SavePosition(Span<byte> position) => BinaryPrimitives.WriteInt32LittleEndian(position, NextPass);

    /// <inheritdoc/>
    public void RestorePosition(ReadOnlySpan<byte> position)
    {
        int next = position.Length == PositionBytes ? BinaryPrimitives.ReadInt32LittleEndian(position) : -1;
        if (next < 0)
        {
            throw new ArgumentException("This is no position in the binary form of a data set.", nameof(position));
        }

        NextPass = next;
        if (next > 0)
        {
            _pass = next - 1;
            Shuffle();
        }
    }

    /// <inheritdoc/>
    public void Read(int index, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)BatchCount, nameof(index));
        if (index == 0 || _pass < 0)
        {
            _pass = NextPass++;
            Shuffle();
        }

        long first = (long)(_order?[index] ?? index) * _batchSize;
        int size = (int)Math.Min(_batchSize, SampleCount - first);
        Span<int> rows = _rows.AsSpan(0, size * CriteoColumns.Count);
        Span<byte> bytes = MemoryMarshal.AsBytes(rows);
        for (int done = 0; done < bytes.Length;)
        {
            int read = RandomAccess.Read(_file, bytes[done..], (first * BinaryInput.RowBytes) + done);
            done += read > 0 ? read : throw new BadDataException(_path, "has become shorter while it was read.");
        }

        batch.Resize(size);
        for (int row = 0; row < size; row++)
        {
            batch.Labels[row] = rows[row * CriteoColumns.Count];
            Span<float> dense = batch.Dense.Slice(row * CriteoColumns.Dense, CriteoColumns.Dense);
            for (int number = 0; number < dense.Length; number++)
            {
                dense[number] = LogarithmOfOnePlus.Of(rows[(row * CriteoColumns.Count) + 1 + number]);
            }
        }

        for (int table = 0; table < CriteoColumns.Categorical; table++)
        {
            Span<int> indices = batch.ReserveIndices(table, size);
            Span<int> offsets = batch.Offsets(table);
            for (int row = 0; row < size; row++)
            {
                int index32 = rows[(row * CriteoColumns.Count) + 1 + CriteoColumns.Dense + table];
                indices[row] = _modulo > 0 ? (int)((uint)index32 % (uint)_modulo) : index32;
                offsets[row] = row;
            }

            offsets[size] = size;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Shuffle()
    {
        if (_seed is not { } seed)
        {
            return;
        }

        _order ??= new int[BatchCount];
        var random = new SplitMix64(seed, (ulong)_pass);
        for (int batch = 0; batch < _order.Length; batch++)
        {
            int other = random.Below(batch + 1);
            _order[batch] = _order[other];
            _order[other] = batch;
        }
    }
}
