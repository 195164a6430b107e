namespace Dlrm.Data;

/// <summary>ln(x + 1) of a whole number as the reference computes it: the sum in float32, the logarithm to float32.</summary>
/// <remarks>
/// The logarithm is our own series in double precision, of additions, products and quotients alone, so that every
/// machine gives the same bits; its error of about 1e-16 leaves the float32 correctly rounded but for one case in
/// millions, and there it is one unit in the last place.
/// </remarks>
internal static class LogarithmOfOnePlus
{
    private const double LogarithmOfTwo = 0.6931471805599453;

    /// <summary>Click data are small counts: most are looked up here.</summary>
    private static readonly float[] Small = MakeSmall(4096);

    /// <summary>ln(max(value, 0) + 1).</summary>
    /// <param name="value">A count; a negative one counts as 0.</param>
    public static float Of(int value)
    {
        float[] small = Small;
        return value < small.Length ? small[Math.Max(value, 0)] : Compute(value);
    }

    /// <summary>ln(max(value, 0) + 1); of whole numbers the same as the reference's.</summary>
    /// <param name="value">Finite.</param>
    public static float Of(double value) =>
        value <= 0 ? 0
        : value <= int.MaxValue && value == Math.Floor(value) ? Of((int)value)
        : Logarithm(value + 1);

    private static float Compute(int value) => Logarithm((float)value + 1f);

    private static float Logarithm(double sum)
    {
        long bits = BitConverter.DoubleToInt64Bits(sum);
        long exponent = (bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }

        // ln m = 2 artanh(s), s = (m − 1) / (m + 1), |s| ≤ 0.1716: eleven odd powers reach double precision.
        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double series = 0;
        for (int power = 23; power >= 1; power -= 2)
        {
            series = (series * square) + (1.0 / power);
        }

        return (float)((exponent * LogarithmOfTwo) + (2 * s * series));
    }

    private static float[] MakeSmall(int count)
    {
        var values = new float[count];
        for (int value = 0; value < count; value++)
        {
            values[value] = Compute(value);
        }

        return values;
    }
}
