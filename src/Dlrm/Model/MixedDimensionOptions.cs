using System.Globalization;

namespace Dlrm.Model;

/// <summary>Which tables get narrower rows (<c>--md-flag</c>), and how narrow. Defaults are the reference's.</summary>
public sealed record MixedDimensionOptions
{
    /// <summary>Tables of more rows than this may be narrower (<c>--md-threshold</c>).</summary>
    public int Threshold { get; init; } = 200;

    /// <summary>α in [0, 1]: 0 keeps all as wide, 1 makes width fall as 1 / rows (<c>--md-temperature</c>).</summary>
    public double Temperature { get; init; } = 0.3;

    /// <summary>Widths are powers of two (<c>--md-round-dims</c>).</summary>
    public bool RoundDimensions { get; init; }

    /// <summary>The width of each table's rows by the power rule: d = D · (n₀ / n)^α, n₀ the fewest rows, 1 at least.</summary>
    /// <remarks>
    /// In single precision with halves rounded to even, as in the reference. Tables of the same rows get the same width.
    /// </remarks>
    /// <param name="rows">n of each table.</param>
    /// <param name="dimension">D, what the table of the fewest rows gets.</param>
    public int[] Widths(IReadOnlyList<int> rows, int dimension)
    {
        float alpha = (float)Temperature;
        float scale = dimension * Power(rows.Min(), alpha);
        int fewest = rows.Min();
        return [.. rows.Select(count =>
        {
            float width = count == fewest ? dimension : Math.Max(1, scale * Power(count, -alpha));
            int whole = (int)MathF.Round(width, MidpointRounding.ToEven);
            return RoundDimensions ? 1 << (int)Math.Round(Math.Log2(whole), MidpointRounding.ToEven) : whole;
        })];
    }

    /// <summary>Checks the numbers.</summary>
    /// <param name="dimension">D.</param>
    /// <exception cref="ArgumentException">One is out of range, or does not fit D.</exception>
    internal void Validate(int dimension)
    {
        if (Temperature is not (>= 0 and <= 1))
        {
            throw new ArgumentException(
                $"--md-temperature={Temperature.ToString(CultureInfo.InvariantCulture)} lies outside [0, 1]: 0 keeps every table "
                + "as wide, 1 narrows most.");
        }

        if (Threshold < 0)
        {
            throw new ArgumentException($"--md-threshold={Threshold}: a number of rows is 0 or more.");
        }

        if (RoundDimensions && !int.IsPow2(dimension))
        {
            throw new ArgumentException(
                $"--md-round-dims makes every width a power of two, but --arch-sparse-feature-size={dimension} is none: choose "
                + $"{1 << int.Log2(dimension)} or {2 << int.Log2(dimension)}, or leave the rounding out.");
        }
    }

    private static float Power(int rows, float exponent) => (float)Math.Pow(rows, exponent);
}
