using System.Runtime.InteropServices;
using Dlrm.Data;

namespace Dlrm.Training;

/// <summary>Metrics by the values of chosen categorical features: how a model does on parts of a test set.</summary>
/// <remarks>
/// A sample belongs to the slice of every row that it looks up in a feature's table, once; a sample without a lookup
/// belongs to <see cref="Slice.NoLookup"/>. A pass keeps eight bytes a sample and eight a lookup of each chosen feature.
/// </remarks>
public sealed class SliceMetrics
{
    private readonly Feature[] _features;
    private readonly List<float> _scores = [];
    private readonly List<float> _labels = [];

    /// <summary>Prepares to slice by some features.</summary>
    /// <param name="tables">Their table numbers.</param>
    public SliceMetrics(IReadOnlyList<int> tables) => _features = [.. tables.Select(table => new Feature(table))];

    /// <summary>Forgets all samples.</summary>
    public void Reset()
    {
        _scores.Clear();
        _labels.Clear();
        foreach (Feature feature in _features)
        {
            feature.Samples.Clear();
            feature.Rows.Clear();
        }
    }

    /// <summary>Adds the samples of a batch.</summary>
    /// <param name="batch">Lookups and labels.</param>
    /// <param name="scores">(B).</param>
    /// <exception cref="ArgumentException">A chosen table is not in the batch.</exception>
    public void Add(Batch batch, ReadOnlySpan<float> scores)
    {
        int first = _scores.Count;
        _scores.AddRange(scores);
        _labels.AddRange(batch.Labels);
        foreach (Feature feature in _features)
        {
            if (feature.Table >= batch.Tables)
            {
                throw new ArgumentException($"There is no table {feature.Table}: the data have {batch.Tables}.", nameof(batch));
            }

            feature.Add(first, batch.Offsets(feature.Table), batch.Indices(feature.Table));
        }
    }

    /// <summary>The metrics of the most frequent values of each feature, and of all others together.</summary>
    /// <param name="most">Values of a feature at most, 1 or more.</param>
    public IReadOnlyList<FeatureSlices> Compute(int most = 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        return [.. _features.Select(feature => Compute(feature, most))];
    }

    private FeatureSlices Compute(Feature feature, int most)
    {
        var counts = new Dictionary<int, long>();
        foreach (int row in feature.Rows)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, row, out _)++;
        }

        int[] shown = [.. counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Take(most).Select(pair => pair.Key)];
        bool rest = counts.Count > shown.Length;
        var places = shown.Select((row, place) => (row, place)).ToDictionary(pair => pair.row, pair => pair.place);
        MetricsAccumulator[] slices = [.. Enumerable.Range(0, shown.Length + (rest ? 1 : 0)).Select(_ => new MetricsAccumulator())];
        try
        {
            ReadOnlySpan<float> scores = CollectionsMarshal.AsSpan(_scores);
            ReadOnlySpan<float> labels = CollectionsMarshal.AsSpan(_labels);
            for (int lookup = 0; lookup < feature.Rows.Count; lookup++)
            {
                int place = places.GetValueOrDefault(feature.Rows[lookup], shown.Length);
                int sample = feature.Samples[lookup];
                slices[place].Add(scores.Slice(sample, 1), labels.Slice(sample, 1));
            }

            return new FeatureSlices(
                feature.Table,
                counts.Count,
                [.. slices.Select((slice, place) => Slice.Of(place < shown.Length ? shown[place] : Slice.AllOthers, slice.Compute()))]);
        }
        finally
        {
            foreach (MetricsAccumulator slice in slices)
            {
                slice.Dispose();
            }
        }
    }

    /// <summary>Which sample looked up which row.</summary>
    private sealed class Feature(int table)
    {
        public int Table { get; } = table;

        public List<int> Samples { get; } = [];

        public List<int> Rows { get; } = [];

        public void Add(int first, ReadOnlySpan<int> offsets, ReadOnlySpan<int> indices)
        {
            for (int sample = 0; sample + 1 < offsets.Length; sample++)
            {
                ReadOnlySpan<int> bag = indices[offsets[sample]..offsets[sample + 1]];
                if (bag.IsEmpty)
                {
                    Samples.Add(first + sample);
                    Rows.Add(Slice.NoLookup);
                }

                for (int lookup = 0; lookup < bag.Length; lookup++)
                {
                    if (!bag[..lookup].Contains(bag[lookup]))
                    {
                        Samples.Add(first + sample);
                        Rows.Add(bag[lookup]);
                    }
                }
            }
        }
    }
}

/// <summary>A feature's slices, the most frequent value first, all others together last.</summary>
/// <param name="Table">The feature's table number.</param>
/// <param name="Values">Different values in the set.</param>
/// <param name="Slices">The slices.</param>
public sealed record FeatureSlices(int Table, long Values, IReadOnlyList<Slice> Slices);

/// <summary>The samples of one value.</summary>
/// <param name="Row">The value: a row of the table, <see cref="NoLookup"/> or <see cref="AllOthers"/>.</param>
/// <param name="Metrics">Their metrics.</param>
/// <param name="Low">Lower end of the label rate's 95 % interval (Wilson 1927); null where labels are not 0 or 1.</param>
/// <param name="High">Upper end.</param>
public sealed record Slice(int Row, EvaluationMetrics Metrics, double? Low, double? High)
{
    /// <summary>The slice of the samples that look up nothing.</summary>
    public const int NoLookup = -1;

    /// <summary>The slice of all values that have none of their own.</summary>
    public const int AllOthers = -2;

    internal static Slice Of(int row, EvaluationMetrics metrics)
    {
        if (metrics.Positives is not { } positives || metrics.Samples == 0)
        {
            return new Slice(row, metrics, null, null);
        }

        (double low, double high) = CalibrationCurve.Wilson(positives, metrics.Samples);
        return new Slice(row, metrics, low, high);
    }
}
