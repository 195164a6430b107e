using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>A number of rows: <c>5000</c>, <c>10M</c>, <c>2.5k</c>. K, M and G are powers of 1000.</summary>
internal sealed record RowCount() : ValueKind<long>("ROWS")
{
    public override long Parse(string text)
    {
        string trimmed = text.Trim().ToUpperInvariant();
        double unit = trimmed.Length == 0 ? 1 : trimmed[^1] switch
        {
            'K' => 1e3,
            'M' => 1e6,
            'G' or 'B' => 1e9,
            _ => 1,
        };
        return double.TryParse(
            unit > 1 ? trimmed[..^1] : trimmed, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
            out double number)
            && number * unit is >= 1 and <= 1e15 && Math.Floor(number * unit) == number * unit
            ? (long)(number * unit)
            : throw new FormatException("a number of rows, such as 5000 or 10M");
    }
}
