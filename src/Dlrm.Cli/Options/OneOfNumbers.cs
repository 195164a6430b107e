using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>One of a few whole numbers.</summary>
internal sealed record OneOfNumbers(params long[] Numbers) : ValueKind<long>(string.Join('|', Numbers))
{
    public override long Parse(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && Numbers.Contains(value)
            ? value
            : throw new FormatException($"one of {string.Join(", ", Numbers)}");
}
