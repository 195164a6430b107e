namespace Dlrm.Data;

/// <summary>A dense feature's way into the model: (ln(max(value, 0) + 1) − mean) / deviation.</summary>
/// <param name="Name">The feature's name.</param>
/// <param name="Mean">Subtracted; 0 leaves it.</param>
/// <param name="Deviation">Divided by, above 0; 1 leaves it.</param>
public sealed record DenseTransform(string Name, double Mean, double Deviation)
{
    /// <summary>Applies it.</summary>
    /// <param name="value">A count; a negative one counts as 0.</param>
    public float Apply(int value) => (float)((LogarithmOfOnePlus.Of(value) - Mean) / Deviation);

    /// <summary>The plain logarithm.</summary>
    /// <param name="name">The feature's name.</param>
    public static DenseTransform Logarithm(string name) => new(name, 0, 1);

    /// <summary>The logarithm brought to mean 0 and deviation 1 over the given values.</summary>
    /// <param name="name">The feature's name.</param>
    /// <param name="values">The training rows' values, 1 or more; added in double precision in their order.</param>
    public static DenseTransform Standardize(string name, ReadOnlySpan<int> values)
    {
        double sum = 0;
        foreach (int value in values)
        {
            sum += LogarithmOfOnePlus.Of(value);
        }

        double mean = sum / values.Length;
        double squares = 0;
        foreach (int value in values)
        {
            double difference = LogarithmOfOnePlus.Of(value) - mean;
            squares += difference * difference;
        }

        double deviation = Math.Sqrt(squares / values.Length);
        return new DenseTransform(name, mean, deviation > 0 ? deviation : 1);
    }
}
