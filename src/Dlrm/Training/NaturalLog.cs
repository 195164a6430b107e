namespace Dlrm.Training;

/// <summary>The natural logarithm in double precision, of IEEE operations alone: the same bits everywhere.</summary>
/// <remarks>
/// x = 2ᵏ·m with m in [√½, √2); s = (m − 1)/(m + 1), so |s| ≤ 0.1716, and ln m = 2·(s + s³/3 + s⁵/5 + …), cut after
/// s²³, where the rest is below 10⁻¹⁹. k·ln 2 is added in two parts; the first has enough trailing zeros to be exact.
/// </remarks>
internal static class NaturalLog
{
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double Sqrt2 = 1.4142135623730951;
    private const double PyTorchFloor = -100;
    private const int LastTerm = 23;

    private static readonly double[] s_reciprocals = Reciprocals();

    /// <summary>ln x, within two units in the last place.</summary>
    /// <param name="x">Above 0 and finite; a normal number.</param>
    public static double Of(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);
        if (mantissa > Sqrt2)
        {
            mantissa *= 0.5;
            exponent++;
        }

        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double series = 0;
        for (int term = s_reciprocals.Length - 1; term >= 1; term--)
        {
            series = (series + s_reciprocals[term]) * square;
        }

        return (exponent * Ln2High) + ((exponent * Ln2Low) + (2 * s * series) + (2 * s));
    }

    /// <summary>ln x, but −100 below e⁻¹⁰⁰, as PyTorch's BCELoss has it.</summary>
    /// <param name="x">0 or above and finite.</param>
    public static double Clamped(double x) => x < 1e-50 ? PyTorchFloor : Math.Max(Of(x), PyTorchFloor);

    /// <summary>−p·ln p − (1 − p)·ln(1 − p), in nats.</summary>
    /// <param name="probability">Strictly between 0 and 1.</param>
    public static double Entropy(double probability)
        => -((probability * Of(probability)) + ((1 - probability) * Of(1 - probability)));

    /// <summary>1/1, 1/3, 1/5, … 1/23.</summary>
    private static double[] Reciprocals()
    {
        double[] reciprocals = new double[(LastTerm + 1) / 2];
        for (int term = 0; term < reciprocals.Length; term++)
        {
            reciprocals[term] = 1.0 / ((2 * term) + 1);
        }

        return reciprocals;
    }
}
