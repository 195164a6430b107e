using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>A number of bytes: <c>500MB</c>, <c>2GB</c>, <c>1048576</c>. Powers of 1024.</summary>
internal sealed record ByteSize() : ValueKind<long>("SIZE")
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB"];

    public override long Parse(string text)
    {
        string trimmed = text.Trim().ToUpperInvariant();
        int digits = 0;
        while (digits < trimmed.Length && (char.IsAsciiDigit(trimmed[digits]) || trimmed[digits] == '.'))
        {
            digits++;
        }

        string unit = digits == trimmed.Length ? "B" : trimmed[digits..].Trim().Replace("IB", "B", StringComparison.Ordinal);
        int power = Array.IndexOf(Units, unit.EndsWith('B') ? unit : unit + "B");
        return power >= 0
            && double.TryParse(trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * Math.Pow(1024, power) is >= 1 and < 1L << 60
            ? (long)(number * Math.Pow(1024, power))
            : throw new FormatException("a number of bytes, such as 500MB or 2GB");
    }
}
