using System.Globalization;

namespace Dlrm.Reports;

/// <summary>Numbers as a reader wants them, the same in every culture.</summary>
internal static class NumberText
{
    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    /// <summary>What stands where a metric is undefined.</summary>
    public const string Undefined = "undefined";

    /// <summary>A metric or a loss: four decimals, three significant digits where these would be lost.</summary>
    public static string Metric(double? value) => value switch
    {
        null => Undefined,
        { } number when !double.IsFinite(number) => number.ToString(Invariant),
        0 => "0",
        { } number when Math.Abs(number) is < 0.001 or >= 100_000 => number.ToString("G3", Invariant),
        { } number => number.ToString("0.0000", Invariant),
    };

    /// <summary>A share in percent, two decimals.</summary>
    public static string Percent(double? value)
        => value is { } share ? string.Create(Invariant, $"{100 * share:0.00} %") : Undefined;

    /// <summary>A count, thousands set apart.</summary>
    public static string Count(long value) => value.ToString("N0", Invariant);

    /// <summary>A count for an axis: 900, 9,000, 90k, 9M.</summary>
    public static string ShortCount(double value) => Math.Abs(value) switch
    {
        >= 1e9 => (value / 1e9).ToString("0.##", Invariant) + "G",
        >= 1e6 => (value / 1e6).ToString("0.##", Invariant) + "M",
        >= 1e4 => (value / 1e3).ToString("0.##", Invariant) + "k",
        _ => value.ToString("#,0.##", Invariant),
    };

    /// <summary>A coordinate in a drawing: two decimals at most.</summary>
    public static string Coordinate(double value) => Math.Round(value, 2).ToString("0.##", Invariant);

    /// <summary>A span of time in its largest units.</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 1 => string.Create(Invariant, $"{time.TotalMilliseconds:0} ms"),
        < 60 => string.Create(Invariant, $"{time.TotalSeconds:0.0} s"),
        < 3600 => string.Create(Invariant, $"{time.Minutes} min {time.Seconds} s"),
        _ => string.Create(Invariant, $"{(long)time.TotalHours} h {time.Minutes} min"),
    };
}
