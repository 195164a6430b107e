namespace Dlrm.Data.Generating;

/// <summary>Exponential and logarithm of additions, products and quotients alone: the same bits on every machine.</summary>
/// <remarks>Both are within a few units in the last place of double precision.</remarks>
internal static class PortableMath
{
    // ln 2 in two parts: the first has 21 zero bits at its end, so its product with an exponent is exact.
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    /// <summary>eˣ.</summary>
    /// <param name="x">Beyond ±700 it counts as ±700.</param>
    public static double Exp(double x)
    {
        x = Math.Clamp(x, -700, 700);
        double n = Math.Round(x * 1.4426950408889634);
        double r = x - (n * Ln2High) - (n * Ln2Low);

        // Taylor's series, |r| ≤ 0.347: the first term left out is below 2⁻⁵⁶.
        double sum = 1.0 / 6227020800;
        sum = (sum * r) + (1.0 / 479001600);
        sum = (sum * r) + (1.0 / 39916800);
        sum = (sum * r) + (1.0 / 3628800);
        sum = (sum * r) + (1.0 / 362880);
        sum = (sum * r) + (1.0 / 40320);
        sum = (sum * r) + (1.0 / 5040);
        sum = (sum * r) + (1.0 / 720);
        sum = (sum * r) + (1.0 / 120);
        sum = (sum * r) + (1.0 / 24);
        sum = (sum * r) + (1.0 / 6);
        sum = (sum * r) + 0.5;
        sum = (sum * r) + 1;
        sum = (sum * r) + 1;
        return sum * BitConverter.Int64BitsToDouble(((long)n + 1023) << 52);
    }

    /// <summary>ln x.</summary>
    /// <param name="x">Positive, finite and not subnormal.</param>
    public static double Log(double x)
    {
        const long RootHalfBits = 0x3FE6A09E667F3BCD;
        long bits = BitConverter.DoubleToInt64Bits(x);
        long exponent = (bits - RootHalfBits) >> 52;
        double f = BitConverter.Int64BitsToDouble(bits - (exponent << 52)) - 1;

        // ln m = 2 artanh(s), s = (m − 1) / (m + 1), |s| ≤ 0.1716: eleven odd powers reach double precision.
        double s = f / (2 + f);
        double z = s * s;
        double series = 2.0 / 23;
        series = (series * z) + (2.0 / 21);
        series = (series * z) + (2.0 / 19);
        series = (series * z) + (2.0 / 17);
        series = (series * z) + (2.0 / 15);
        series = (series * z) + (2.0 / 13);
        series = (series * z) + (2.0 / 11);
        series = (series * z) + (2.0 / 9);
        series = (series * z) + (2.0 / 7);
        series = (series * z) + (2.0 / 5);
        series = (series * z) + (2.0 / 3);
        return (exponent * Ln2High) + ((s * (2 + (series * z))) + (exponent * Ln2Low));
    }
}
