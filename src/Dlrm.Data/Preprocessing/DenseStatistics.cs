namespace Dlrm.Data.Preprocessing;

/// <summary>Mean, deviation and range of a dense feature over blocks of rows, merged in the order of the rows.</summary>
/// <remarks>Chan, Golub and LeVeque's update, in double precision: blocks are the text's, so threads change nothing.</remarks>
internal record struct DenseStatistics
{
    /// <summary>Values, the missing ones left out.</summary>
    public long Count { get; private set; }

    /// <summary>Missing values.</summary>
    public long Missing { get; set; }

    /// <summary>Their mean.</summary>
    public double Mean { get; private set; }

    /// <summary>Sum of squared differences from the mean.</summary>
    public double Squares { get; private set; }

    /// <summary>The least; +∞ for none.</summary>
    public double Least { get; private set; } = double.PositiveInfinity;

    /// <summary>The largest; −∞ for none.</summary>
    public double Most { get; private set; } = double.NegativeInfinity;

    /// <summary>Statistics of nothing.</summary>
    public DenseStatistics()
    {
    }

    /// <summary>The standard deviation (of the values, not of a sample of them).</summary>
    public readonly double Deviation => Count > 0 ? Math.Sqrt(Squares / Count) : 0;

    /// <summary>Adds a value.</summary>
    public void Add(double value)
    {
        Count++;
        double difference = value - Mean;
        Mean += difference / Count;
        Squares += difference * (value - Mean);
        Least = Math.Min(Least, value);
        Most = Math.Max(Most, value);
    }

    /// <summary>Adds the rows that come after.</summary>
    public void Merge(in DenseStatistics after)
    {
        Missing += after.Missing;
        if (after.Count == 0)
        {
            return;
        }

        long count = Count + after.Count;
        double difference = after.Mean - Mean;
        Squares += after.Squares + (difference * difference * ((double)Count * after.Count / count));
        Mean += difference * after.Count / count;
        Count = count;
        Least = Math.Min(Least, after.Least);
        Most = Math.Max(Most, after.Most);
    }
}
