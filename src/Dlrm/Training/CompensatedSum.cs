namespace Dlrm.Training;

/// <summary>A sum in double precision that carries its rounding error along (Neumaier 1974).</summary>
/// <remarks>The error of a sum of n numbers does not grow with n. The order of the additions is that of the calls.</remarks>
internal struct CompensatedSum
{
    private double _sum;
    private double _lost;

    /// <summary>The sum so far.</summary>
    public readonly double Value => _sum + _lost;

    /// <summary>Adds a number.</summary>
    /// <param name="value">Finite.</param>
    public void Add(double value)
    {
        double next = _sum + value;
        _lost += Math.Abs(_sum) >= Math.Abs(value) ? _sum - next + value : value - next + _sum;
        _sum = next;
    }
}
