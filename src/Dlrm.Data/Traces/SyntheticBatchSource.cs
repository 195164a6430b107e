using System.Globalization;
using Dlrm.Random;

namespace Dlrm.Data.Traces;

/// <summary>The reference's synthetic data: lookups with the stack distances of traces, all else as in random data.</summary>
/// <remarks>
/// A batch is drawn in this order: dense features, uniform; table by table and sample by sample the number of lookups
/// (one draw; none when it is fixed) and one draw a lookup; labels, uniform. Each sample's lookups begin anew at the
/// trace's first row. They are sorted, without duplicates; a row beyond the table counts modulo its rows, and then they
/// stay as they are. Reading batch 0 sets the generator to the seed.
/// </remarks>
public sealed class SyntheticBatchSource : IResumableSource
{
    private readonly RandomDataOptions _options;
    private readonly NumpyRandom _random;
    private readonly SyntheticTrace[] _traces;
    private readonly ulong[] _group;

    /// <summary>A source.</summary>
    /// <param name="options">What to draw; its distribution is not used.</param>
    /// <param name="distances">(T).</param>
    /// <param name="padding">No new row once all have been seen (<c>--data-trace-enable-padding</c>).</param>
    /// <param name="random">Shared by all sources of a run.</param>
    /// <exception cref="ArgumentException">The options do not hold together, or there is not one distribution a table.</exception>
    public SyntheticBatchSource(RandomDataOptions options, IReadOnlyList<StackDistances> distances, bool padding, NumpyRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(distances);
        ArgumentNullException.ThrowIfNull(random);
        options.Validate();
        if (distances.Count != options.TableRows.Count || options.LookupsPerTable < 1)
        {
            throw new ArgumentException($"There are {distances.Count} distributions for {options.TableRows.Count} tables with up to {options.LookupsPerTable} lookups.");
        }

        _options = options;
        _random = random;
        _traces = [.. distances.Select(distance => new SyntheticTrace(distance, padding, options.LookupsPerTable))];
        _group = new ulong[options.LookupsPerTable];
        BatchCount = (int)options.BatchCount;
    }

    /// <inheritdoc/>
    public string Description => string.Create(CultureInfo.InvariantCulture, $"synthetic data (stack distances, seed {_options.Seed})");

    /// <inheritdoc/>
    public int DenseFeatures => _options.DenseFeatures;

    /// <inheritdoc/>
    public IReadOnlyList<int> TableRows => _options.TableRows;

    /// <inheritdoc/>
    public int BatchCount { get; }

    /// <inheritdoc/>
    public long SampleCount => _options.SampleCount;

    /// <inheritdoc/>
    public int PositionBytes => NumpyRandom.StateBytes;

    /// <summary>The file of a table: the reference puts the table's number in place of each j of the path.</summary>
    /// <param name="pattern"><c>--data-trace-file</c>, e.g. <c>dist_emb_j.log</c>.</param>
    /// <param name="table">Number of the table.</param>
    /// <returns>That path, or, where no such file is there, the one with only the j of its name replaced.</returns>
    public static string FileOf(string pattern, int table)
    {
        string number = table.ToString(CultureInfo.InvariantCulture);
        string all = pattern.Replace("j", number, StringComparison.Ordinal);
        string name = Path.GetFileName(pattern).Replace("j", number, StringComparison.Ordinal);
        return File.Exists(all) ? all : Path.Combine(Path.GetDirectoryName(pattern) ?? "", name);
    }

    /// <inheritdoc/>
    public void SavePosition(Span<byte> position) => _random.SaveState(position);

    /// <inheritdoc/>
    public void RestorePosition(ReadOnlySpan<byte> position) => _random.RestoreState(position);

    /// <inheritdoc/>
    public void Read(int index, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if ((uint)index >= (uint)BatchCount)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"There are batches 0 to {BatchCount - 1}.");
        }

        if (index == 0)
        {
            _random.Seed(_options.Seed);
        }

        batch.Resize((int)Math.Min(_options.BatchSize, SampleCount - ((long)index * _options.BatchSize)));
        _random.FillUniform(batch.Dense, 0, 1);
        for (int table = 0; table < batch.Tables; table++)
        {
            DrawTable(table, batch);
        }

        _random.FillUniform(batch.Labels, 0, 1);
        if (_options.RoundTargets)
        {
            foreach (ref float label in batch.Labels)
            {
                label = MathF.Round(label);
            }
        }
    }

    private void DrawTable(int table, Batch batch)
    {
        int rows = TableRows[table];
        Span<int> indices = batch.ReserveIndices(table, batch.Size * _options.LookupsPerTable);
        Span<int> offsets = batch.Offsets(table);
        int used = 0;
        for (int sample = 0; sample < batch.Size; sample++)
        {
            offsets[sample] = used;
            int most = Math.Min(rows, _options.LookupsPerTable);
            int count = _options.FixedLookups ? _options.LookupsPerTable : (int)Math.Max(1, Math.Round(_random.NextDouble() * most));
            Span<ulong> group = _group.AsSpan(0, count);
            _traces[table].Draw(_random, group);
            group.Sort();
            for (int lookup = 0; lookup < count; lookup++)
            {
                if (lookup == 0 || group[lookup] != group[lookup - 1])
                {
                    indices[used++] = (int)(group[lookup] % (ulong)rows);
                }
            }
        }

        offsets[^1] = used;
    }
}
