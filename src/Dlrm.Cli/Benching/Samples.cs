namespace Dlrm.Cli.Benching;

/// <summary>Measurements of one quantity.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    /// <summary>How many there are.</summary>
    public int Count => _values.Count;

    /// <summary>The middle one, or the mean of the two in the middle; 0 without any.</summary>
    public double Median
    {
        get
        {
            if (_values.Count == 0)
            {
                return 0;
            }

            double[] sorted = [.. _values.Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }

    /// <summary>The least; 0 without any.</summary>
    public double Least => _values.Count == 0 ? 0 : _values.Min();

    /// <summary>The greatest; 0 without any.</summary>
    public double Most => _values.Count == 0 ? 0 : _values.Max();

    /// <summary>Adds one.</summary>
    /// <param name="value">A measurement.</param>
    public void Add(double value) => _values.Add(value);
}
