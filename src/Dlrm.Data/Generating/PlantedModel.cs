using Dlrm.Data.Criteo;

namespace Dlrm.Data.Generating;

/// <summary>The hidden model that draws rows and their labels: what is there to be learned, all of it known.</summary>
/// <remarks>
/// <code>
/// logit = b + c·(√0.4·L + √0.4·P + √0.2·D),  L, P, D each of deviation 1 about
/// L = Σ over tables t of e(t, r_t)                        each category shifts the odds
/// P = Σ over 12 pairs (s, t) of ⟨v(s, r_s), v(t, r_t)⟩    two categories together do: dot products of 4 numbers
/// D = Σ over numbers j of α_j·x_j + β_j·|x_j − m_j|,      x = ln(1 + max(I, 0)), missing as 0; m_j the median's
/// </code>
/// Only the 1,000 most frequent values of a table have effects, those of all others are 0, so that a model that saw enough
/// rows can come near the best. A row is a function of the seed and its number alone. b and c bring the label rate and the
/// best AUC of 8,192 rows of their own to what is wanted.
/// </remarks>
internal sealed class PlantedModel
{
    /// <summary>Values of a table with effects.</summary>
    public const int KnownValues = 1000;

    private const int Width = 4;
    private const int Pairs = 12;
    private const int PilotRows = 1 << 13;
    private const ulong PilotStream = 1UL << 62;
    private const ulong ModelStream = 1UL << 63;

    private readonly ulong _seed;
    private readonly PowerLaw[] _laws;
    private readonly double[][] _effects;
    private readonly double[][] _vectors;
    private readonly (int First, int Second)[] _pairs = new (int, int)[Pairs];
    private readonly double[] _slopes = new double[CriteoColumns.Dense];
    private readonly double[] _bends = new double[CriteoColumns.Dense];
    private readonly double[] _knees = new double[CriteoColumns.Dense];
    private readonly double[] _logMedians = [.. CriteoShape.Medians.Select(PortableMath.Log)];
    private double _linearScale = 1;
    private double _pairScale = 1;
    private double _denseScale = 1;
    private double _bias;

    /// <summary>Draws a model and calibrates it.</summary>
    public PlantedModel(GeneratorOptions options)
    {
        _seed = (ulong)options.Seed;
        TableRows = [.. CriteoShape.TableRows.Select(rows => Math.Min(rows, options.MaxTableRows))];
        _laws = [.. TableRows.Select(rows => new PowerLaw(rows, options.Skew))];
        _effects = [.. TableRows.Select((rows, table) => Numbers(Math.Min(rows, KnownValues), (ulong)table))];
        _vectors = [.. TableRows.Select((rows, table) => Numbers(Width * Math.Min(rows, KnownValues), 100 + (ulong)table))];
        DrawPairs();
        double[] dense = Numbers(2 * CriteoColumns.Dense, 200);
        for (int number = 0; number < CriteoColumns.Dense; number++)
        {
            _slopes[number] = dense[2 * number] / CriteoShape.Deviations[number];
            _bends[number] = dense[(2 * number) + 1] / CriteoShape.Deviations[number];
            _knees[number] = PortableMath.Log(1 + CriteoShape.Medians[number]);
        }

        Calibrate(options);
    }

    /// <summary>(T): rows of each table.</summary>
    public int[] TableRows { get; }

    /// <summary>Draws rows.</summary>
    /// <param name="block">Start and count in, the rest out.</param>
    public void Draw(GeneratedBlock block)
    {
        for (int row = 0; row < block.Rows; row++)
        {
            Span<int> dense = block.Dense.AsSpan(row * CriteoColumns.Dense, CriteoColumns.Dense);
            Span<int> ranks = block.Ranks.AsSpan(row * CriteoColumns.Categorical, CriteoColumns.Categorical);
            double u = DrawFeatures((ulong)(block.Start + row), dense, ranks);
            double logit = Logit(dense, ranks);
            block.Logits[row] = logit;
            block.Labels[row] = u < Probability(logit) ? (byte)1 : (byte)0;
        }
    }

    /// <summary>The true log-odds of a row.</summary>
    /// <param name="dense">(13).</param>
    /// <param name="ranks">(26).</param>
    public double Logit(ReadOnlySpan<int> dense, ReadOnlySpan<int> ranks)
    {
        (double linear, double pair, double number) = Parts(dense, ranks);
        return _bias + (_linearScale * linear) + (_pairScale * pair) + (_denseScale * number);
    }

    /// <summary>1 / (1 + e^−logit).</summary>
    public static double Probability(double logit) => 1 / (1 + PortableMath.Exp(-logit));

    /// <summary>The raw value of a category: 32 bits that look random, and modulo the table's rows its rank.</summary>
    public uint Value(int table, int rank)
    {
        uint rows = (uint)TableRows[table];
        uint multiples = ((uint.MaxValue - (uint)rank) / rows) + 1;
        var random = new SplitMix64((ulong)rank, (ulong)table);
        return (uint)rank + (rows * (uint)Math.BigMul(random.Next(), (ulong)multiples, out _));
    }

    /// <summary>Numbers in ±√3, of mean 0 and deviation 1.</summary>
    private double[] Numbers(int count, ulong stream)
    {
        var random = new SplitMix64(_seed, ModelStream + stream);
        var numbers = new double[count];
        foreach (ref double number in numbers.AsSpan())
        {
            number = ((2 * PowerLaw.ToUnit(random.Next())) - 1) * 1.7320508075688772;
        }

        return numbers;
    }

    private void DrawPairs()
    {
        var random = new SplitMix64(_seed, ModelStream + 300);
        for (int pair = 0; pair < Pairs;)
        {
            int first = random.Below(TableRows.Length);
            int second = random.Below(TableRows.Length);
            if (first < second && !_pairs.AsSpan(0, pair).Contains((first, second)))
            {
                _pairs[pair++] = (first, second);
            }
        }
    }

    /// <summary>Draws a row's features, and the number in [0, 1) that decides its label.</summary>
    private double DrawFeatures(ulong stream, Span<int> dense, Span<int> ranks)
    {
        var random = new SplitMix64(_seed, stream);
        for (int number = 0; number < dense.Length; number++)
        {
            bool missing = random.Below(100) < CriteoShape.Missing[number];
            double z = Normal(ref random);
            dense[number] = missing
                ? CriteoColumns.Missing
                : (int)Math.Min(1e9, PortableMath.Exp(_logMedians[number] + (CriteoShape.Deviations[number] * z)));
        }

        for (int table = 0; table < ranks.Length; table++)
        {
            ranks[table] = _laws[table].Draw(ref random);
        }

        return PowerLaw.ToUnit(random.Next());
    }

    /// <summary>Twelve uniform numbers of 16 bits less their mean: a normal to three deviations and beyond.</summary>
    private static double Normal(ref SplitMix64 random)
    {
        long sum = 0;
        for (int word = 0; word < 3; word++)
        {
            ulong bits = random.Next();
            sum += (long)((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48));
        }

        return (sum - (6 * 65535L)) / 65536.0;
    }

    private (double Linear, double Pair, double Dense) Parts(ReadOnlySpan<int> dense, ReadOnlySpan<int> ranks)
    {
        double linear = 0;
        for (int table = 0; table < ranks.Length; table++)
        {
            linear += ranks[table] < KnownValues ? _effects[table][ranks[table]] : 0;
        }

        double pair = 0;
        foreach ((int first, int second) in _pairs)
        {
            int a = ranks[first];
            int b = ranks[second];
            if (a < KnownValues && b < KnownValues)
            {
                ReadOnlySpan<double> left = _vectors[first].AsSpan(a * Width, Width);
                ReadOnlySpan<double> right = _vectors[second].AsSpan(b * Width, Width);
                pair += (left[0] * right[0]) + (left[1] * right[1]) + (left[2] * right[2]) + (left[3] * right[3]);
            }
        }

        double number = 0;
        for (int column = 0; column < dense.Length; column++)
        {
            double x = LogarithmOfOnePlus.Of(dense[column]);
            number += (_slopes[column] * x) + (_bends[column] * Math.Abs(x - _knees[column]));
        }

        return (linear, pair, number);
    }

    private void Calibrate(GeneratorOptions options)
    {
        var dense = new int[CriteoColumns.Dense];
        var ranks = new int[CriteoColumns.Categorical];
        var linear = new double[PilotRows];
        var pair = new double[PilotRows];
        var number = new double[PilotRows];
        for (int row = 0; row < PilotRows; row++)
        {
            DrawFeatures(PilotStream + (ulong)row, dense, ranks);
            (linear[row], pair[row], number[row]) = Parts(dense, ranks);
        }

        _linearScale = Math.Sqrt(0.4) / Deviation(linear);
        _pairScale = Math.Sqrt(0.4) / Deviation(pair);
        _denseScale = Math.Sqrt(0.2) / Deviation(number);
        var scores = new double[PilotRows];
        for (int row = 0; row < PilotRows; row++)
        {
            scores[row] = (_linearScale * linear[row]) + (_pairScale * pair[row]) + (_denseScale * number[row]);
        }

        Array.Sort(scores);
        double scale = Bisect(0, 32, 20, c => ExpectedAuc(scores, c, BiasFor(scores, c, options.LabelRate)) < options.BestAuc);
        _bias = BiasFor(scores, scale, options.LabelRate);
        _linearScale *= scale;
        _pairScale *= scale;
        _denseScale *= scale;
    }

    private static double BiasFor(double[] scores, double scale, double rate) => Bisect(-64, 64, 24, bias =>
    {
        double sum = 0;
        foreach (double score in scores)
        {
            sum += Probability(bias + (scale * score));
        }

        return sum < rate * scores.Length;
    });

    /// <summary>Of ascending scores: the chance that a positive row stands above a negative one.</summary>
    private static double ExpectedAuc(double[] scores, double scale, double bias)
    {
        double below = 0;
        double ordered = 0;
        double positives = 0;
        foreach (double score in scores)
        {
            double p = Probability(bias + (scale * score));
            ordered += p * (below + (0.5 * (1 - p)));
            below += 1 - p;
            positives += p;
        }

        return ordered / (positives * below);
    }

    private static double Bisect(double low, double high, int steps, Func<double, bool> isBelow)
    {
        for (int step = 0; step < steps; step++)
        {
            double middle = 0.5 * (low + high);
            (low, high) = isBelow(middle) ? (middle, high) : (low, middle);
        }

        return 0.5 * (low + high);
    }

    private static double Deviation(double[] values)
    {
        double sum = 0;
        double squares = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        double mean = sum / values.Length;
        foreach (double value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return Math.Max(1e-9, Math.Sqrt(squares / values.Length));
    }
}
