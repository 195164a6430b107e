using System.Globalization;

namespace Dlrm.Cli.Output;

/// <summary>Numbers as Python's format() writes them.</summary>
internal static class PythonFormat
{
    /// <summary>
    /// <c>{:.nf}</c>: exact ties go to the even digit, where .NET rounds them up (51.5625 is 51.562, not 51.563).
    /// </summary>
    /// <param name="value">A finite number, or not (nan, inf, -inf).</param>
    /// <param name="digits">n.</param>
    public static string Fixed(double value, int digits)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        // .NET writes any number of digits exactly. A tie has a 5 after the last one kept, then nothing; a double that is
        // no tie differs from one long before 30 digits more.
        string exact = value.ToString("F" + (digits + 30).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        string kept = exact[..^30];
        bool tie = exact[^30] == '5' && exact.AsSpan(exact.Length - 29).TrimStart('0').IsEmpty;
        bool even = (kept[^1] == '.' ? kept[^2] : kept[^1]) % 2 == 0;
        return tie && even
            ? kept.TrimEnd('.')
            : value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
