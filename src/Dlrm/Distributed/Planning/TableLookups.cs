namespace Dlrm.Distributed.Planning;

/// <summary>How one table is looked up: how often, and how unevenly.</summary>
public sealed record TableLookups
{
    /// <summary>Pieces of equal size into which <see cref="Cumulative"/> divides the rows, at most.</summary>
    public const int MostPieces = 256;

    private const double ClassRatio = 1.5; // each class of ranks is half as long again as the one before

    private TableLookups(long rows, double perSample, IReadOnlyList<RowClass> classes, IReadOnlyList<double> cumulative, double topShare)
    {
        Rows = rows;
        PerSample = perSample;
        Classes = classes;
        Cumulative = cumulative;
        TopShare = topShare;
    }

    /// <summary>E.</summary>
    public long Rows { get; }

    /// <summary>Lookups of an average bag.</summary>
    public double PerSample { get; }

    /// <summary>Rows by how often they are looked up; shares sum to 1.</summary>
    public IReadOnlyList<RowClass> Classes { get; }

    /// <summary>Entry i is the share of lookups that goes to the first i pieces of the rows: from 0 to 1.</summary>
    public IReadOnlyList<double> Cumulative { get; }

    private int Pieces => Cumulative.Count - 1;

    /// <summary>The share of lookups that the most used row gets.</summary>
    public double TopShare { get; }

    /// <summary>Every row alike.</summary>
    /// <param name="rows">E, 1 or more.</param>
    /// <param name="perSample">Lookups of a bag.</param>
    public static TableLookups Uniform(long rows, double perSample) => PowerLaw(rows, perSample, 0);

    /// <summary>The r-th most used row gets a share of about 1 / r^s; rows are numbered by their use, the most used first.</summary>
    /// <param name="rows">E, 1 or more.</param>
    /// <param name="perSample">Lookups of a bag.</param>
    /// <param name="exponent">s, 0 or more.</param>
    public static TableLookups PowerLaw(long rows, double perSample, double exponent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(perSample);
        ArgumentOutOfRangeException.ThrowIfNegative(exponent);
        double all = Sum(rows, exponent);
        var classes = new List<RowClass>();
        for (double from = 0; from < rows;)
        {
            double to = exponent == 0 ? rows : Math.Min(rows, Math.Max(from + 1, Math.Floor(from * ClassRatio)));
            classes.Add(new RowClass(to - from, (Sum(to, exponent) - Sum(from, exponent)) / all));
            from = to;
        }

        int pieces = (int)Math.Min(MostPieces, rows);
        double[] cumulative = [.. Enumerable.Range(0, pieces + 1).Select(i => Sum((double)rows * i / pieces, exponent) / all)];
        return new TableLookups(rows, perSample, classes, cumulative, 1 / all);
    }

    /// <summary>As counted.</summary>
    /// <param name="counts">Lookups of each row, (E).</param>
    /// <param name="samples">Samples in which they were counted.</param>
    public static TableLookups FromCounts(ReadOnlySpan<int> counts, long samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(counts.Length, 1, nameof(counts));
        int[] sorted = counts.ToArray();
        Array.Sort(sorted);
        Array.Reverse(sorted);
        double all = 0;
        foreach (int count in sorted)
        {
            all += count;
        }

        if (all == 0)
        {
            return Uniform(counts.Length, 0);
        }

        var classes = new List<RowClass>();
        for (int from = 0; from < sorted.Length && sorted[from] > 0;)
        {
            int to = Math.Min(sorted.Length, Math.Max(from + 1, (int)(from * ClassRatio)));
            double sum = 0;
            int used = from;
            while (used < to && sorted[used] > 0)
            {
                sum += sorted[used++];
            }

            classes.Add(new RowClass(used - from, sum / all));
            from = used;
        }

        int pieces = Math.Min(MostPieces, counts.Length);
        double[] cumulative = new double[pieces + 1];
        double before = 0;
        for (int piece = 0, row = 0; piece < pieces; piece++)
        {
            for (int end = (int)((long)counts.Length * (piece + 1) / pieces); row < end; row++)
            {
                before += counts[row];
            }

            cumulative[piece + 1] = before / all;
        }

        return new TableLookups(counts.Length, all / Math.Max(1, samples), classes, cumulative, sorted[0] / all);
    }

    /// <summary>The share of lookups that goes to rows before one.</summary>
    /// <param name="row">From 0 to E.</param>
    public double ShareBefore(double row)
    {
        double place = row / Rows * Pieces;
        int piece = Math.Clamp((int)place, 0, Pieces - 1);
        return Cumulative[piece] + ((place - piece) * (Cumulative[piece + 1] - Cumulative[piece]));
    }

    /// <summary>The row before which a share of the lookups lies: the inverse of <see cref="ShareBefore"/>.</summary>
    /// <param name="share">In [0, 1].</param>
    public long RowAt(double share)
    {
        int piece = 0;
        while (piece < Pieces - 1 && Cumulative[piece + 1] < share)
        {
            piece++;
        }

        double width = Cumulative[piece + 1] - Cumulative[piece];
        double inside = width > 0 ? (share - Cumulative[piece]) / width : 0;
        return (long)Math.Clamp(Math.Round((piece + inside) / Pieces * Rows), 0, Rows);
    }

    /// <summary>Different rows that a number of lookups touches, on average.</summary>
    /// <param name="lookups">Drawn one by one.</param>
    public double Distinct(double lookups)
    {
        double rows = 0;
        foreach (RowClass c in Classes)
        {
            rows += c.Rows * TouchedShare(lookups * c.Share / c.Rows);
        }

        return rows;
    }

    /// <summary>1 − e^−x: the share of rows touched when each is looked up x times on average.</summary>
    internal static double TouchedShare(double x) => x < 1e-6 ? x : 1 - Math.Exp(-x);

    /// <summary>Σ r^−s over r = 1 … n: the first 32 terms one by one, the others by the integral between the halves.</summary>
    private static double Sum(double n, double s)
    {
        const int Exact = 32;
        if (s == 0)
        {
            return n;
        }

        double sum = 0;
        int whole = (int)Math.Min(Exact, Math.Floor(n));
        for (int r = 1; r <= whole; r++)
        {
            sum += Math.Pow(r, -s);
        }

        if (n <= Exact)
        {
            return sum + ((n - whole) * Math.Pow(whole + 1, -s));
        }

        const double From = Exact + 0.5;
        double to = n + 0.5;
        return sum + (Math.Abs(1 - s) < 1e-9 ? Math.Log(to / From) : (Math.Pow(to, 1 - s) - Math.Pow(From, 1 - s)) / (1 - s));
    }
}
