using System.Globalization;
using Dlrm.Random;

namespace Dlrm.Data;

/// <summary>The reference's random data: drawn when a batch is asked for, the same numbers in the same order.</summary>
/// <remarks>
/// <para>
/// A batch is drawn in this order: dense features, uniform, row by row; table by table and sample by sample the number
/// of lookups (one draw; none when it is fixed), then that many lookups, sorted and without duplicates; labels, uniform.
/// </para>
/// <para>
/// Reading batch 0 sets the generator to the seed, so every epoch sees the same data, and the data begin with the same
/// draws as the weights. Training and test sources share one generator: a test pass sets it back too, and training
/// goes on from where the test pass left it. So batches must be read in the order of training: whoever reads ahead
/// stops before a test pass. Reading allocates no managed memory.
/// </para>
/// </remarks>
public sealed class RandomBatchSource : IResumableSource
{
    /// <summary>Doubles drawn at once where no other draw stands between them: 32 KB.</summary>
    private const int DrawsTogether = 4096;

    /// <summary>1.5 · 2⁵²: a sum of this size has no fraction, and its lowest bits are the integer.</summary>
    private const double RoundToInteger = 6755399441055744.0;

    private readonly RandomDataOptions _options;
    private readonly NumpyRandom _random;
    private readonly double[] _draws;
    private readonly UniformSort _sort;
    private readonly double _mean;

    /// <summary>A source that draws from a generator of yours.</summary>
    /// <param name="options">What to draw.</param>
    /// <param name="random">Shared by all sources of a run.</param>
    /// <exception cref="ArgumentException">The options do not hold together; see <see cref="RandomDataOptions.Validate"/>.</exception>
    public RandomBatchSource(RandomDataOptions options, NumpyRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        options.Validate();
        _options = options;
        _random = random;
        _draws = new double[Math.Max(DrawsTogether, options.LookupsPerTable)];
        _sort = new UniformSort(options.LookupsPerTable);
        _mean = options.Mu == -1 ? (options.Max + options.Min) / 2 : options.Mu;
        BatchCount = (int)options.BatchCount;
    }

    /// <inheritdoc/>
    public string Description => $"random data ({_options.Distribution.ToString().ToLowerInvariant()} lookups, seed {_options.Seed})";

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

    /// <inheritdoc/>
    public void SavePosition(Span<byte> position) => _random.SaveState(position);

    /// <inheritdoc/>
    public void RestorePosition(ReadOnlySpan<byte> position) => _random.RestoreState(position);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch has another number of features, or a Gaussian lookup missed its table.</exception>
    public void Read(int index, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if ((uint)index >= (uint)BatchCount)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"There are batches 0 to {BatchCount - 1}.");
        }

        if (batch.DenseFeatures != DenseFeatures || batch.Tables != TableRows.Count)
        {
            throw new ArgumentException(
                $"The batch has {batch.DenseFeatures} dense features and {batch.Tables} tables; the data have {DenseFeatures} and {TableRows.Count}.",
                nameof(batch));
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

        DrawLabels(batch.Labels);
    }

    private void DrawTable(int table, Batch batch)
    {
        int rows = TableRows[table];
        int most = _options.FixedLookups ? _options.LookupsPerTable : Math.Min(rows, _options.LookupsPerTable);
        Span<int> indices = batch.ReserveIndices(table, batch.Size * Math.Max(1, most));
        Span<int> offsets = batch.Offsets(table);
        if (_options.Distribution == LookupDistribution.Gaussian)
        {
            DrawGaussianTable(table, most, indices, offsets);
        }
        else if (_options.FixedLookups)
        {
            DrawFixedTable(rows, indices, offsets);
        }
        else
        {
            DrawUniformTable(rows, most, indices, offsets);
        }
    }

    private void DrawUniformTable(int rows, int most, Span<int> indices, Span<int> offsets)
    {
        int used = 0;
        for (int sample = 0; sample < offsets.Length - 1; sample++)
        {
            offsets[sample] = used;
            Span<int> group = indices.Slice(used, DrawCount(most));
            foreach (ref int lookup in group)
            {
                lookup = ToLookup(_random.NextDouble(), rows);
            }

            used += _sort.SortDistinct(group, rows, group);
        }

        offsets[^1] = used;
    }

    /// <summary>As <see cref="DrawUniformTable"/>, many samples at once: no other draws stand between theirs.</summary>
    private void DrawFixedTable(int rows, Span<int> indices, Span<int> offsets)
    {
        int length = _options.LookupsPerTable;
        int samples = offsets.Length - 1;
        int together = _draws.Length / Math.Max(1, length);
        int used = 0;
        for (int first = 0; first < samples; first += together)
        {
            int count = Math.Min(together, samples - first);
            Span<double> draws = _draws.AsSpan(0, count * length);
            _random.FillUniform(draws, 0, 1);
            for (int sample = 0; sample < count; sample++)
            {
                offsets[first + sample] = used;
                Span<int> group = indices.Slice(used, length);
                ReadOnlySpan<double> own = draws.Slice(sample * length, length);
                for (int i = 0; i < own.Length; i++)
                {
                    group[i] = ToLookup(own[i], rows);
                }

                used += _sort.SortDistinct(group, rows, group);
            }
        }

        offsets[^1] = used;
    }

    /// <summary>Numbers that are equal only once truncated stay, as in the reference.</summary>
    private void DrawGaussianTable(int table, int most, Span<int> indices, Span<int> offsets)
    {
        int used = 0;
        for (int sample = 0; sample < offsets.Length - 1; sample++)
        {
            offsets[sample] = used;
            Span<double> draws = _draws.AsSpan(0, _options.FixedLookups ? most : DrawCount(most));
            foreach (ref double draw in draws)
            {
                draw = Math.Min(Math.Max(_random.Normal(_mean, _options.Sigma), _options.Min), _options.Max);
            }

            draws.Sort();
            RequireInside(table, sample, draws);
            for (int i = 0; i < draws.Length; i++)
            {
                if (i == 0 || draws[i] != draws[i - 1])
                {
                    indices[used++] = (int)draws[i];
                }
            }
        }

        offsets[^1] = used;
    }

    /// <summary>How many lookups a sample has: one draw, at least 1.</summary>
    private int DrawCount(int most) => (int)Math.Round(Math.Max(1.0, _random.NextDouble() * most));

    /// <summary>round(u · (rows − 1)), half to even.</summary>
    private static int ToLookup(double draw, int rows)
        => (int)BitConverter.DoubleToInt64Bits((draw * (rows - 1)) + RoundToInteger);

    private void DrawLabels(Span<float> labels)
    {
        _random.FillUniform(labels, 0, 1);
        if (_options.RoundTargets)
        {
            foreach (ref float label in labels)
            {
                label = MathF.Round(label);
            }
        }
    }

    /// <summary>Refuses sorted draws that become a negative row, or one past the end.</summary>
    private void RequireInside(int table, int sample, ReadOnlySpan<double> draws)
    {
        int rows = TableRows[table];
        if (draws.IsEmpty || (draws[0] > -1 && draws[^1] < rows))
        {
            return;
        }

        double outside = draws[0] > -1 ? draws[^1] : draws[0];
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"Random data, table {table}, sample {sample} of the batch: the Gaussian lookup {outside:R} lies outside the table's {rows} rows. Lookups are clipped to [{_options.Min:R}, {_options.Max:R}]: give --rand-data-min=0 or more and --rand-data-max less than the rows of the smallest table ({TableRows.Min()})."));
    }
}
