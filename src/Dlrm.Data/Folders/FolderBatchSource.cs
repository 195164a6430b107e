using System.Buffers.Binary;
using Dlrm.Memory;

namespace Dlrm.Data.Folders;

/// <summary>Batches of a part of a data set folder, in file order or shuffled anew each pass.</summary>
/// <remarks>
/// The folder must stay open. Shuffled, the order of pass p is a function of the seed and p alone (see
/// <see cref="WindowOrder"/>), so the exact position in the data is (pass, batch); reading batch 0 begins the next pass,
/// and going on at batch b of pass p means setting <see cref="NextPass"/> to p and reading from b on. The next window of
/// rows is copied a share at a time while batches of the present one are given out, so no batch waits for a whole window.
/// </remarks>
public sealed class FolderBatchSource : IResumableSource, IGroupedSource, IPartialBatchSource, IDisposable
{
    private readonly SplitRows _rows;
    private readonly int _batchSize;
    private readonly ulong? _seed;
    private readonly int _bufferRows;
    private readonly int[]? _given;
    private RowWindow? _whole;
    private WindowOrder? _order;
    private WindowShuffle? _shuffle;
    private int _pass = -1;

    /// <summary>Prepares to read.</summary>
    /// <param name="folder">An open data set.</param>
    /// <param name="split">A part's name, e.g. <c>train</c>.</param>
    /// <param name="batchSize">B, 1 or more; the last batch of a pass may be shorter.</param>
    /// <param name="shuffleSeed">With a seed, each pass has an order of its own; without, file order.</param>
    /// <param name="bufferRows">Rows shuffled together: where the part has no more, every order is possible.</param>
    /// <exception cref="ArgumentException">There is no such part.</exception>
    public FolderBatchSource(
        DataSetFolder folder, string split, int batchSize, ulong? shuffleSeed = null, int bufferRows = 1 << 19)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferRows, 1);
        _rows = folder.Rows(split);
        _batchSize = batchSize;
        _seed = shuffleSeed;
        _bufferRows = bufferRows;
        TableRows = folder.TableRows;
        Description = $"{folder.Description.Title}, {split} part";
        long batches = (_rows.Count + batchSize - 1) / batchSize;
        BatchCount = batches <= int.MaxValue
            ? (int)batches
            : throw new ArgumentException($"{batches} batches are too many: use larger ones.", nameof(batchSize));
    }

    /// <summary>Batches in a given order, the same each pass: the part is copied to memory at the first read.</summary>
    /// <param name="folder">An open data set.</param>
    /// <param name="split">A part's name.</param>
    /// <param name="batchSize">B, 1 or more.</param>
    /// <param name="order">Rows of the part in the order they are read; kept, not copied.</param>
    /// <exception cref="InsufficientMemoryException">The part does not fit; the message has the numbers.</exception>
    internal FolderBatchSource(DataSetFolder folder, string split, int batchSize, int[] order)
        : this(folder, split, batchSize)
    {
        _given = order;
        long bytes = _rows.Count * sizeof(int) * (2L + _rows.DenseFeatures + _rows.Bags.Length);
        if (bytes > SystemMemory.AvailableBytes)
        {
            throw new InsufficientMemoryException(
                $"The reference's order of {_rows.Count} rows needs them in memory, {SystemMemory.Describe(bytes)}; this machine has "
                + $"{SystemMemory.Describe(SystemMemory.AvailableBytes)}. --shuffle-buffer=ROWS shuffles a data set larger than memory.");
        }
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int DenseFeatures => _rows.DenseFeatures;

    /// <inheritdoc/>
    public IReadOnlyList<int> TableRows { get; }

    /// <inheritdoc/>
    public int BatchCount { get; }

    /// <inheritdoc/>
    public long SampleCount => _rows.Count;

    /// <summary>True when rows have weights, which go to <see cref="Batch.Weights"/>.</summary>
    public bool HasWeights => _rows.Weighted;

    /// <summary>The pass that the next read of batch 0, or the first read of all, begins, from 0.</summary>
    public int NextPass { get; set; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no batch of that number.</exception>
    /// <exception cref="ArgumentException">The batch has other numbers of features or tables.</exception>
    public void Read(int index, Batch batch) => ReadPart(index, 0, SizeOf(index), batch);

    /// <inheritdoc/>
    public int SizeOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)BatchCount, nameof(index));
        return (int)Math.Min(_batchSize, SampleCount - ((long)index * _batchSize));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch has other numbers of features or tables.</exception>
    public void ReadPart(int index, int firstSample, int samples, Batch batch)
    {
        if (batch.DenseFeatures != DenseFeatures || batch.Tables != TableRows.Count)
        {
            throw new ArgumentException(
                $"The batch is for {batch.DenseFeatures} dense features and {batch.Tables} tables, "
                + $"the data have {DenseFeatures} and {TableRows.Count}.", nameof(batch));
        }

        if (index == 0 || _pass < 0)
        {
            _pass = NextPass++;
            _order = null;
        }

        long first = ((long)index * _batchSize) + firstSample;
        batch.Resize(samples);
        batch.HasWeights = _rows.Weighted;
        if (_given is not null)
        {
            ReadGiven(first, batch);
            return;
        }

        if (_seed is not { } seed)
        {
            _rows.Read(first, batch);
            return;
        }

        _order ??= new WindowOrder(SampleCount, _bufferRows, seed, _pass);
        _shuffle ??= new WindowShuffle(_rows, _order);
        _shuffle.Read(_order, first, batch);
    }

    /// <summary>True when rows have groups and are read in file order.</summary>
    public bool HasGroups => _rows.Grouped && _seed is null && _given is null;

    /// <inheritdoc/>
    public void ReadGroups(long first, Span<long> groups)
    {
        if (!HasGroups)
        {
            throw new InvalidOperationException($"{Description} has no groups in file order.");
        }

        _rows.ReadGroups(first, groups);
    }

    /// <inheritdoc/>
    public int PositionBytes => 2 * sizeof(int);

    /// <inheritdoc/>
    public void SavePosition(Span<byte> position)
    {
        BinaryPrimitives.WriteInt32LittleEndian(position, _pass);
        BinaryPrimitives.WriteInt32LittleEndian(position[sizeof(int)..], NextPass);
    }

    /// <inheritdoc/>
    public void RestorePosition(ReadOnlySpan<byte> position)
    {
        int pass = BinaryPrimitives.ReadInt32LittleEndian(position);
        int next = BinaryPrimitives.ReadInt32LittleEndian(position[sizeof(int)..]);
        if (position.Length != PositionBytes || pass < -1 || next < 0)
        {
            throw new ArgumentException($"There is no pass {pass} followed by pass {next}: other data are meant.", nameof(position));
        }

        (_pass, NextPass, _order) = (pass, next, null);
    }

    /// <summary>Gives the shuffle buffer back.</summary>
    public void Dispose()
    {
        _shuffle?.Dispose();
        _whole?.Dispose();
    }

    private void ReadGiven(long first, Batch batch)
    {
        if (_whole is null)
        {
            _whole = new RowWindow(_rows, (int)_rows.Count);
            _rows.Read(0, (int)_rows.Count, _whole);
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            batch.Offsets(table)[0] = 0;
        }

        _whole.Gather(_given.AsSpan((int)first, batch.Size), batch, 0);
    }
}
