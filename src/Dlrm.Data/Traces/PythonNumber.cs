using System.Globalization;
using System.Text;

namespace Dlrm.Data.Traces;

/// <summary>Floating-point numbers as Python's repr() writes them.</summary>
internal static class PythonNumber
{
    /// <summary>The shortest digits that read back as the same number; an exponent below −4 or from 16 on.</summary>
    /// <param name="value">Finite.</param>
    public static string Text(double value)
    {
        // .NET finds the same digits; where an exponent begins and how it looks differ.
        string[] halves = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        string sign = halves[0].StartsWith('-') ? "-" : "";
        string number = halves[0].TrimStart('-');
        int point = number.IndexOf('.', StringComparison.Ordinal);
        string digits = number.Replace(".", "", StringComparison.Ordinal);
        string figures = digits.TrimStart('0');
        int exponent = (point < 0 ? number.Length : point) - 1 - (digits.Length - figures.Length)
            + (halves.Length > 1 ? int.Parse(halves[1], CultureInfo.InvariantCulture) : 0);
        figures = figures.TrimEnd('0');
        if (figures.Length == 0)
        {
            return sign + "0.0";
        }

        if (exponent is < -4 or >= 16)
        {
            string fraction = figures.Length > 1 ? "." + figures[1..] : "";
            return sign + figures[0] + fraction + string.Create(CultureInfo.InvariantCulture, $"e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        var text = new StringBuilder(sign);
        if (exponent < 0)
        {
            return text.Append("0.").Append('0', -exponent - 1).Append(figures).ToString();
        }

        figures = figures.PadRight(exponent + 2, '0');
        return text.Append(figures, 0, exponent + 1).Append('.').Append(figures, exponent + 1, figures.Length - exponent - 1).ToString();
    }
}
