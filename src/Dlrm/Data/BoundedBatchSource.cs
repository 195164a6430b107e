namespace Dlrm.Data;

/// <summary>A source whose lookups are taken modulo a bound of each table, so that tables stay small.</summary>
/// <remarks>
/// Index i of table t becomes i mod bounds[t]; a bound of 0 leaves a table alone. Where indices were given in order of first
/// appearance, the first categories of the data, mostly the frequent ones, keep rows apart from one another. Reading allocates nothing.
/// </remarks>
public sealed class BoundedBatchSource : IResumableSource, IGroupedSource, IPartialBatchSource
{
    private readonly IBatchSource _source;
    private readonly IResumableSource? _resumable;
    private readonly IPartialBatchSource? _partial;
    private readonly int[] _bounds;

    /// <summary>Puts bounds on a source, which the caller keeps.</summary>
    /// <param name="source">Where batches come from.</param>
    /// <param name="bounds">One a table, 0 or more; 0 for none.</param>
    /// <exception cref="ArgumentException">There are more or fewer bounds than tables, or one is negative.</exception>
    public BoundedBatchSource(IBatchSource source, IReadOnlyList<int> bounds)
    {
        _source = source;
        _resumable = source as IResumableSource;
        _partial = source as IPartialBatchSource;
        _bounds = [.. bounds];
        TableRows = Apply(source.TableRows, bounds);
    }

    /// <inheritdoc/>
    public string Description => _source.Description;

    /// <inheritdoc/>
    public int DenseFeatures => _source.DenseFeatures;

    /// <inheritdoc/>
    public IReadOnlyList<int> TableRows { get; }

    /// <inheritdoc/>
    public int BatchCount => _source.BatchCount;

    /// <inheritdoc/>
    public long SampleCount => _source.SampleCount;

    /// <inheritdoc/>
    public bool HasGroups => _source is IGroupedSource { HasGroups: true };

    /// <inheritdoc/>
    public void ReadGroups(long first, Span<long> groups)
    {
        if (_source is not IGroupedSource grouped)
        {
            throw new InvalidOperationException($"{Description} has no groups.");
        }

        grouped.ReadGroups(first, groups);
    }

    /// <inheritdoc/>
    public int PositionBytes => _resumable?.PositionBytes ?? 0;

    /// <summary>The rows of tables under bounds.</summary>
    /// <param name="rows">E of each table.</param>
    /// <param name="bounds">One a table, 0 for none.</param>
    /// <exception cref="ArgumentException">There are more or fewer bounds than tables, or one is negative.</exception>
    public static int[] Apply(IReadOnlyList<int> rows, IReadOnlyList<int> bounds)
    {
        if (bounds.Count != rows.Count || bounds.Any(bound => bound < 0))
        {
            throw new ArgumentException(
                $"--max-ind-range-per-table={string.Join('-', bounds)} has {bounds.Count} numbers, but there are {rows.Count} "
                + "tables: give one a table, 0 for no bound.",
                nameof(bounds));
        }

        return [.. rows.Zip(bounds, (count, bound) => bound > 0 ? Math.Min(count, bound) : count)];
    }

    /// <inheritdoc/>
    public void Read(int index, Batch batch)
    {
        _source.Read(index, batch);
        Bound(batch);
    }

    /// <inheritdoc/>
    public bool ReadsParts => _partial is { ReadsParts: true };

    /// <inheritdoc/>
    public int SizeOf(int index) => Partial.SizeOf(index);

    /// <inheritdoc/>
    public void ReadPart(int index, int firstSample, int samples, Batch batch)
    {
        Partial.ReadPart(index, firstSample, samples, batch);
        Bound(batch);
    }

    private IPartialBatchSource Partial => _partial ?? throw new NotSupportedException($"{Description} is read by whole batches.");

    private void Bound(Batch batch)
    {
        for (int table = 0; table < _bounds.Length; table++)
        {
            if (_bounds[table] == 0 || _bounds[table] >= _source.TableRows[table])
            {
                continue;
            }

            uint bound = (uint)_bounds[table];
            foreach (ref int lookup in batch.Indices(table))
            {
                lookup = (int)((uint)lookup % bound);
            }
        }
    }

    /// <inheritdoc/>
    public void SavePosition(Span<byte> position) => _resumable?.SavePosition(position);

    /// <inheritdoc/>
    public void RestorePosition(ReadOnlySpan<byte> position) => _resumable?.RestorePosition(position);
}
