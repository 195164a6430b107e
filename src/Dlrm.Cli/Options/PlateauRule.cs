using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>The value of --reduce-on-plateau.</summary>
/// <param name="Factor">In (0, 1); 0 for never.</param>
/// <param name="Patience">Tests, 1 or more.</param>
internal sealed record PlateauRule(double Factor, int Patience)
{
    /// <summary>Rates are left alone.</summary>
    public static readonly PlateauRule Never = new(0, 1);
}

/// <summary>A factor and, after a comma, a number of tests: <c>0.1,2</c>.</summary>
internal sealed record PlateauKind() : ValueKind<PlateauRule>("X[,N]")
{
    public override PlateauRule Parse(string text)
    {
        string[] parts = text.Split(',');
        int patience = 1;
        return parts.Length <= 2
            && double.TryParse(parts[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double factor)
            && factor is > 0 and < 1
            && (parts.Length == 1
                || (int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out patience) && patience >= 1))
            ? new PlateauRule(factor, patience)
            : throw new FormatException("a factor between 0 and 1 and perhaps, after a comma, a number of tests, such as 0.1,2");
    }

    public override string Format(PlateauRule value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value.Factor},{value.Patience}");
}

/// <summary>A number of tests, 0 or more; 2 where it is left out.</summary>
internal sealed record Patience() : ValueKind<long>("N")
{
    public override string? Bare => "2";

    public override long Parse(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= int.MaxValue
            ? value
            : throw new FormatException("a number of tests, 0 or more");
}
