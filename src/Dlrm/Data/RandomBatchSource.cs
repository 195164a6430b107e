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
public sealed class RandomBatchSource : IBatchSource
{
    private readonly RandomDataOptions _options;
    private readonly NumpyRandom _random;
    private readonly double[] _draws;
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
        _draws = new double[Math.Max(1, options.LookupsPerTable)];
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
        int used = 0;
        for (int sample = 0; sample < batch.Size; sample++)
        {
            int group = _options.FixedLookups ? most : (int)Math.Round(Math.Max(1.0, _random.NextDouble() * most));
            offsets[sample] = used;
            Span<int> room = indices.Slice(used, group);
            used += _options.Distribution == LookupDistribution.Uniform
                ? DrawUniform(rows, room)
                : DrawGaussian(table, sample, room);
        }

        offsets[batch.Size] = used;
    }

    /// <summary>Draws into <paramref name="room"/>; returns how many different lookups stand at its start.</summary>
    private int DrawUniform(int rows, Span<int> room)
    {
        foreach (ref int lookup in room)
        {
            lookup = (int)Math.Round(_random.NextDouble() * (rows - 1));
        }

        room.Sort();
        int kept = 0;
        for (int i = 0; i < room.Length; i++)
        {
            if (i == 0 || room[i] != room[i - 1])
            {
                room[kept++] = room[i];
            }
        }

        return kept;
    }

    /// <summary>As <see cref="DrawUniform"/>; numbers that are equal only once truncated stay, as in the reference.</summary>
    private int DrawGaussian(int table, int sample, Span<int> room)
    {
        Span<double> draws = _draws.AsSpan(0, room.Length);
        foreach (ref double draw in draws)
        {
            draw = Math.Min(Math.Max(_random.Normal(_mean, _options.Sigma), _options.Min), _options.Max);
        }

        draws.Sort();
        int rows = TableRows[table];
        if (!draws.IsEmpty && (draws[0] <= -1 || draws[^1] >= rows))
        {
            ThrowOutside(table, sample, draws[0] <= -1 ? draws[0] : draws[^1]);
        }

        int kept = 0;
        for (int i = 0; i < draws.Length; i++)
        {
            if (i == 0 || draws[i] != draws[i - 1])
            {
                room[kept++] = (int)draws[i];
            }
        }

        return kept;
    }

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

    private void ThrowOutside(int table, int sample, double draw)
    {
        int rows = TableRows[table];
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"Random data, table {table}, sample {sample} of the batch: the Gaussian lookup {draw:R} lies outside the table's {rows} rows. Lookups are clipped to [{_options.Min:R}, {_options.Max:R}]: give --rand-data-min=0 or more and --rand-data-max less than the rows of the smallest table ({TableRows.Min()})."));
    }
}
