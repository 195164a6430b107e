namespace Dlrm.Data.Generating;

/// <summary>Draws ranks 0 … N − 1 with P(r) ∝ (r + 1)^−s: Zipf's law, in constant time and memory whatever N.</summary>
/// <remarks>
/// Rejection-inversion (W. Hörmann and G. Derflinger, 1996): the law's hat is a continuous density whose integral H is
/// inverted; fewer than one draw in five is thrown away.
/// </remarks>
internal readonly struct PowerLaw
{
    private readonly int _count;
    private readonly double _exponent;
    private readonly double _first;
    private readonly double _last;
    private readonly double _accept;

    /// <summary>A law.</summary>
    /// <param name="count">N: 1 or more.</param>
    /// <param name="exponent">s: 0 (all alike) or more.</param>
    public PowerLaw(int count, double exponent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(exponent);
        _count = count;
        _exponent = exponent;
        _first = Integral(1.5) - 1;
        _last = Integral(count + 0.5);
        _accept = 2 - Inverse(Integral(2.5) - Density(2));
    }

    /// <summary>A rank.</summary>
    /// <param name="random">One draw or more are taken from it.</param>
    public int Draw(ref SplitMix64 random)
    {
        while (true)
        {
            double u = _last + (ToUnit(random.Next()) * (_first - _last));
            double x = Inverse(u);
            int k = Math.Clamp((int)(x + 0.5), 1, _count);
            if (k - x <= _accept || u >= Integral(k + 0.5) - Density(k))
            {
                return k - 1;
            }
        }
    }

    /// <summary>A number in [0, 1) of 53 random bits.</summary>
    internal static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1L << 53));

    private double Density(double x) => PortableMath.Exp(-_exponent * PortableMath.Log(x));

    private double Integral(double x)
    {
        double power = 1 - _exponent;
        double logarithm = PortableMath.Log(x);
        return Math.Abs(power) < 1e-9 ? logarithm : (PortableMath.Exp(power * logarithm) - 1) / power;
    }

    private double Inverse(double y)
    {
        double power = 1 - _exponent;
        return PortableMath.Exp(Math.Abs(power) < 1e-9 ? y : PortableMath.Log(1 + (power * y)) / power);
    }
}
