using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>What an option takes: how its text is read, how it is written, and what the help calls it.</summary>
internal abstract record ValueKind<T>(string Placeholder)
{
    /// <summary>What the option's name alone means; null when it needs a value.</summary>
    public virtual string? Bare => null;

    /// <summary>Reads a value.</summary>
    /// <exception cref="FormatException">The message says what was expected, e.g. <c>a whole number, 1 or more</c>.</exception>
    public abstract T Parse(string text);

    /// <summary>The text that <see cref="Parse"/> reads back.</summary>
    public virtual string Format(T value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}

/// <summary>A whole number in [Least, Most].</summary>
internal sealed record WholeNumber(long Least = int.MinValue, long Most = int.MaxValue, string Placeholder = "N")
    : ValueKind<long>(Placeholder)
{
    public override long Parse(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            && value >= Least && value <= Most
            ? value
            : throw new FormatException("a whole number" + Range());

    private string Range() => (Least > int.MinValue, Most < int.MaxValue || Most > int.MaxValue) switch
    {
        (true, true) => string.Create(CultureInfo.InvariantCulture, $" from {Least} to {Most}"),
        (true, false) => string.Create(CultureInfo.InvariantCulture, $", {Least} or more"),
        _ => "",
    };
}

/// <summary>A finite number in [Least, Most].</summary>
internal sealed record Number(double Least = double.MinValue, double Most = double.MaxValue, string Placeholder = "X")
    : ValueKind<double>(Placeholder)
{
    public override double Parse(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) && value >= Least && value <= Most
            ? value
            : throw new FormatException("a number" + Range());

    private string Range() => (Least > double.MinValue, Most < double.MaxValue) switch
    {
        (true, true) => string.Create(CultureInfo.InvariantCulture, $" from {Least} to {Most}"),
        (true, false) => string.Create(CultureInfo.InvariantCulture, $", {Least} or more"),
        _ => "",
    };
}

/// <summary>True or false. The option's name alone means true.</summary>
internal sealed record Flag() : ValueKind<bool>("BOOL")
{
    public override string? Bare => "true";

    public override bool Parse(string text) => text.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => throw new FormatException("true or false (1 or 0, yes or no)"),
    };

    public override string Format(bool value) => value ? "true" : "false";
}

/// <summary>Any text but the empty one.</summary>
internal sealed record Text(string Placeholder) : ValueKind<string>(Placeholder)
{
    public override string Parse(string text) => text.Length > 0 ? text : throw new FormatException("some text");
}

/// <summary>One of a few words. Those of a later version are known, and said to be.</summary>
internal sealed record Choice(params string[] Words) : ValueKind<string>(string.Join('|', Words))
{
    /// <summary>Words of a later version, each with what to use instead, or the empty text.</summary>
    public IReadOnlyDictionary<string, string> Later { get; init; } = new Dictionary<string, string>();

    public override string Parse(string text)
    {
        if (Words.Contains(text, StringComparer.Ordinal))
        {
            return text;
        }

        if (Later.TryGetValue(text, out string? instead))
        {
            throw new NotYetException(instead);
        }

        string? nearest = Suggestion.Nearest(text, Words);
        throw new FormatException(
            (Words.Length == 1 ? Words[0] : $"one of {string.Join(", ", Words)}")
            + (nearest is null || Words.Length == 1 ? "" : $" (did you mean {nearest}?)"));
    }
}

/// <summary>Whole numbers, 1 or more each, with dashes between: <c>13-512-256</c>.</summary>
internal sealed record Sizes() : ValueKind<IReadOnlyList<int>>("N-N-…")
{
    public override IReadOnlyList<int> Parse(string text)
    {
        string[] parts = text.Split('-');
        int[] sizes = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) || sizes[i] < 1)
            {
                throw new FormatException("whole numbers, 1 or more, with dashes between, such as 13-512-256");
            }
        }

        return sizes;
    }

    public override string Format(IReadOnlyList<int> value) => string.Join('-', value);
}

/// <summary>Numbers with dashes between: <c>1.0-3.5</c>.</summary>
internal sealed record Numbers() : ValueKind<IReadOnlyList<double>>("X-X")
{
    public override IReadOnlyList<double> Parse(string text)
    {
        string[] parts = text.Split('-');
        double[] numbers = new double[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw new FormatException("numbers with dashes between, such as 1.0-3.5");
            }
        }

        return numbers;
    }

    public override string Format(IReadOnlyList<double> value) =>
        string.Join('-', value.Select(number => number.ToString("0.0###############", CultureInfo.InvariantCulture)));
}

/// <summary>A value that a later version will take.</summary>
internal sealed class NotYetException(string instead) : FormatException("not in this version yet")
{
    /// <summary>What to use now; empty when there is nothing.</summary>
    public string Instead { get; } = instead;
}
