using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>Bits a second: <c>25Gbit</c>, <c>800Mbit</c>; powers of 1000. The value is in Gbit/s.</summary>
internal sealed record NetworkSpeed() : ValueKind<double>("SPEED")
{
    public override double Parse(string text)
    {
        string trimmed = text.Trim().ToUpperInvariant();
        foreach (string end in new[] { "BIT/S", "BITS", "BIT", "BPS", "B/S" })
        {
            if (trimmed.EndsWith(end, StringComparison.Ordinal))
            {
                trimmed = trimmed[..^end.Length];
                break;
            }
        }

        double unit = trimmed.Length == 0 ? 0 : trimmed[^1] switch
        {
            'T' => 1e3,
            'G' => 1,
            'M' => 1e-3,
            _ => 0,
        };
        return unit > 0
            && double.TryParse(trimmed[..^1].Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number > 0
            ? number * unit
            : throw new FormatException("bits a second, such as 25Gbit or 800Mbit");
    }

    public override string Format(double value) => value >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{value:0.###}Gbit")
        : string.Create(CultureInfo.InvariantCulture, $"{value * 1000:0.###}Mbit");
}
