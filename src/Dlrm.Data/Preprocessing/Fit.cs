using Dlrm.Data.Folders;
using Dlrm.Threading;

namespace Dlrm.Data.Preprocessing;

/// <summary>What the training rows decide: vocabularies and the scales of dense features.</summary>
internal sealed class Fit
{
    /// <summary>Values of a dense feature that quantiles are taken from, about; a function of row numbers alone.</summary>
    private const double QuantileSample = 1 << 20;

    private readonly SpooledSource _source;
    private readonly DataSchema _schema;
    private readonly SplitAssigner _split;
    private readonly SpoolReader _reader;
    private readonly WorkerTeam _team;
    private readonly List<double>?[] _samples;
    private readonly DenseStatistics[][] _perBlock;
    private readonly byte[][] _parts;
    private long[][] _counts;
    private int _generation;

    private Fit(SpooledSource source, DataSchema schema, SplitAssigner split, SpoolReader reader, WorkerTeam team)
    {
        _source = source;
        _schema = schema;
        _split = split;
        _reader = reader;
        _team = team;
        Statistics = new DenseStatistics[schema.Dense.Count];
        Array.Fill(Statistics, new DenseStatistics());
        _samples = [.. schema.Dense.Select(column => column.Scale == DenseScale.Quantile ? new List<double>() : null)];
        _perBlock = [.. reader.Blocks.Select(_ => new DenseStatistics[schema.Dense.Count])];
        _parts = [.. reader.Blocks.Select(_ => Array.Empty<byte>())];
        PartRows = [.. source.Blocks.Select(_ => new int[split.Parts])];
        _counts = CountsOf(0);
    }

    /// <summary>Statistics of the dense columns over the training rows, after clipping and logarithm.</summary>
    public DenseStatistics[] Statistics { get; }

    /// <summary>(blocks of the spool) of (parts): rows.</summary>
    public int[][] PartRows { get; }

    /// <summary>The dense features of the data set.</summary>
    public IReadOnlyList<DenseFeature> Dense { get; private set; } = [];

    /// <summary>
    /// (T) of (values of the generation): the index of each value, 0 for those without one of their own; null where hashed.
    /// </summary>
    public int[]?[] Indices { get; private set; } = [];

    /// <summary>(T): the values that have an index; null where hashed.</summary>
    public FittedVocabulary?[] Vocabularies { get; private set; } = [];

    /// <summary>(T): rows of each table.</summary>
    public int[] TableRows { get; private set; } = [];

    /// <summary>Reads the spool once and decides.</summary>
    public static Fit Run(SpooledSource source, DataSchema schema, SplitAssigner split, SpoolReader reader, WorkerTeam team)
    {
        var fit = new Fit(source, schema, split, reader, team);
        reader.Run(0, fit.BeginRound, fit.TakeBlock, fit.TakeRound);
        fit.KeepCounts();
        fit.Dense = fit.DecideDense();
        fit.DecideVocabularies();
        return fit;
    }

    /// <summary>Makes <see cref="Indices"/> those of a generation.</summary>
    public void LoadIndices(int generation)
    {
        if (_source.Spill is { } spill && _generation != generation)
        {
            _generation = generation;
            Indices = [.. _source.Dictionaries.Select((dictionary, column) => dictionary is null ? null : spill.ReadIndices(generation, column))];
        }
    }

    /// <summary>What a dense column becomes before its scale is known.</summary>
    private static DenseFeature Unscaled(DenseColumn column) => new()
    {
        Name = column.Column,
        Column = column.Column,
        ClipLow = column.ClipLow,
        ClipHigh = column.ClipHigh,
        Log1p = column.Log1p,
        Fill = column.Fill,
    };

    private long[][] CountsOf(int generation) =>
    [
        .. _source.Dictionaries.Select((dictionary, column) => new long[
            dictionary is null ? 0 : _source.Spill?.Count(generation, column) ?? dictionary.Count]),
    ];

    private void BeginRound(int generation)
    {
        if (generation != _generation)
        {
            KeepCounts();
            _counts = CountsOf(generation);
            _generation = generation;
        }
    }

    private void KeepCounts()
    {
        for (int column = 0; column < _counts.Length && _source.Spill is not null; column++)
        {
            _source.Spill.WriteFrequencies(_generation, column, _counts[column]);
        }
    }

    private void TakeBlock(int index)
    {
        RawBlock block = _reader.Blocks[index];
        SpoolBlock place = _reader.Place(index);
        if (_parts[index].Length < block.Rows)
        {
            _parts[index] = new byte[block.Rows * 2];
        }

        byte[] parts = _parts[index];
        int[] rows = PartRows[_reader.First + index];
        for (int row = 0; row < block.Rows; row++)
        {
            parts[row] = (byte)_split.PartOf(block, row, place);
            rows[parts[row]]++;
        }

        for (int feature = 0; feature < _schema.Dense.Count; feature++)
        {
            DenseFeature plain = Unscaled(_schema.Dense[feature]);
            var statistics = new DenseStatistics();
            ReadOnlySpan<double> values = block.Dense[feature].AsSpan(0, block.Rows);
            for (int row = 0; row < values.Length; row++)
            {
                if (parts[row] != 0)
                {
                    continue;
                }

                if (double.IsNaN(values[row]))
                {
                    statistics.Missing++;
                }
                else
                {
                    statistics.Add(DenseEncoder.Plain(plain, values[row]));
                }
            }

            _perBlock[index][feature] = statistics;
        }
    }

    private void TakeRound()
    {
        for (int index = 0; index < _reader.Count; index++)
        {
            for (int feature = 0; feature < Statistics.Length; feature++)
            {
                Statistics[feature].Merge(_perBlock[index][feature]);
                Sample(index, feature);
            }
        }

        var work = new CountWork(this);
        _team.Run(ref work);
    }

    private void Sample(int index, int feature)
    {
        if (_samples[feature] is not { } samples)
        {
            return;
        }

        double share = Math.Min(1, QuantileSample / _source.Rows);
        ulong limit = share >= 1 ? ulong.MaxValue : (ulong)(share * ulong.MaxValue);
        RawBlock block = _reader.Blocks[index];
        DenseFeature plain = Unscaled(_schema.Dense[feature]);
        for (int row = 0; row < block.Rows; row++)
        {
            double value = block.Dense[feature][row];
            var random = new SplitMix64(0, (ulong)(_reader.Place(index).FirstRow + row));
            if (_parts[index][row] == 0 && !double.IsNaN(value) && random.Next() <= limit)
            {
                samples.Add(DenseEncoder.Plain(plain, value));
            }
        }
    }

    private void Count(int column)
    {
        long[] counts = _counts[column];
        if (_source.Dictionaries[column] is null)
        {
            return;
        }

        for (int index = 0; index < _reader.Count; index++)
        {
            RawBlock block = _reader.Blocks[index];
            RawBlock.TokenColumn tokens = block.Tokens[column];
            for (int row = 0; row < block.Rows; row++)
            {
                if (_parts[index][row] != 0)
                {
                    continue;
                }

                int end = tokens.Offsets is null ? row + 1 : tokens.Offsets[row + 1];
                for (int value = tokens.Offsets is null ? row : tokens.Offsets[row]; value < end; value++)
                {
                    counts[tokens.Ids[value]]++;
                }
            }
        }
    }

    private List<DenseFeature> DecideDense()
    {
        var features = new List<DenseFeature>();
        for (int feature = 0; feature < _schema.Dense.Count; feature++)
        {
            DenseColumn column = _schema.Dense[feature];
            DenseStatistics statistics = Statistics[feature];
            DenseFeature plain = Unscaled(column);
            double range = statistics.Most - statistics.Least;
            features.Add(column.Scale switch
            {
                DenseScale.Standardize when statistics.Count > 0 => plain with
                {
                    Shift = statistics.Mean,
                    Divisor = statistics.Deviation > 0 ? statistics.Deviation : 1,
                },
                DenseScale.MinMax when statistics.Count > 0 => plain with
                {
                    Shift = statistics.Least,
                    Divisor = range > 0 ? range : 1,
                },
                DenseScale.Quantile => plain with { Borders = Borders(_samples[feature]!, column.Bins) },
                _ => plain,
            });
            if (column.Indicator)
            {
                features.Add(new DenseFeature { Name = column.Column + "_missing", Column = column.Column, IsIndicator = true });
            }
        }

        if (features.Count == 0)
        {
            features.Add(new DenseFeature { Name = "constant" });
        }

        return features;
    }

    private static double[] Borders(List<double> samples, int bins)
    {
        samples.Sort();
        IEnumerable<double> borders = samples.Count == 0
            ? [0]
            : Enumerable.Range(1, bins - 1).Select(bin => samples[(int)((long)bin * samples.Count / bins)]);
        return [.. borders.Distinct()];
    }

    private void DecideVocabularies()
    {
        int columns = _schema.Sparse.Count;
        Indices = new int[]?[columns];
        Vocabularies = new FittedVocabulary?[columns];
        TableRows = new int[columns];
        _generation = -1;
        for (int column = 0; column < columns; column++)
        {
            if (_source.Dictionaries[column] is not { } dictionary)
            {
                TableRows[column] = _schema.Sparse[column].Hash;
                continue;
            }

            long least = _schema.Sparse[column].MinFrequency;
            if (_source.Spill is { } spill)
            {
                MergedVocabulary merged = spill.Merge(column, least);
                Vocabularies[column] = new FittedVocabulary(
                    merged.Values.Length, value => merged.Values[value], value => merged.Frequencies[value], merged.Distinct);
            }
            else
            {
                (Indices[column], Vocabularies[column]) = InMemory(dictionary, _counts[column], least);
            }

            TableRows[column] = Vocabularies[column]!.Count + 1;
        }
    }

    private static (int[] Indices, FittedVocabulary Vocabulary) InMemory(ValueDictionary dictionary, long[] counts, long least)
    {
        var indices = new int[counts.Length];
        var kept = new List<int>();
        for (int value = 0; value < counts.Length; value++)
        {
            if (counts[value] >= least)
            {
                kept.Add(value);
                indices[value] = kept.Count;
            }
        }

        return (indices, new FittedVocabulary(kept.Count, index => dictionary[kept[index]], index => counts[kept[index]], counts.Length));
    }

    private struct CountWork(Fit fit) : IParallelWork
    {
        private int _next;

        public void Execute(int worker, int workers)
        {
            for (int column; (column = Interlocked.Increment(ref _next) - 1) < fit._counts.Length;)
            {
                fit.Count(column);
            }
        }
    }
}

/// <summary>The values of a feature that have an index of their own.</summary>
/// <param name="Count">How many.</param>
/// <param name="Value">The bytes of value 0, 1, …, which has index 1, 2, ….</param>
/// <param name="Frequency">Training values of each.</param>
/// <param name="Distinct">Different values, those without an index included.</param>
internal sealed record FittedVocabulary(int Count, VocabularyFile.ValueOf Value, Func<int, long> Frequency, long Distinct)
{
    /// <summary>The number of the empty value, −1 for none.</summary>
    public int IndexOfEmpty()
    {
        for (int value = 0; value < Count; value++)
        {
            if (Value(value).IsEmpty)
            {
                return value;
            }
        }

        return -1;
    }
}
