using System.Buffers.Text;
using System.Globalization;
using System.IO.Enumeration;

namespace Dlrm.Data.Preprocessing;

/// <summary>How rows are divided.</summary>
internal enum SplitKind
{
    /// <summary>All rows are for training.</summary>
    None,

    /// <summary>By shares of the rows in file order.</summary>
    Fraction,

    /// <summary>By a hash of a column: equal values stay together.</summary>
    Hash,

    /// <summary>By a column that tells the time, by shares of the rows or at given times.</summary>
    Time,

    /// <summary>By the name of the file.</summary>
    File,

    /// <summary>By days in a column, as Criteo's logs are: the last day is for tests and validation.</summary>
    Day,
}

/// <summary>A rule that divides rows into parts: train, and those that are held out.</summary>
internal sealed record SplitRule(SplitKind Kind, string Column, IReadOnlyList<double> Shares, IReadOnlyList<string> Cuts)
{
    private static readonly string[] Names = ["train", "test", "validation"];

    /// <summary>Name patterns of the files of the held out parts, with <see cref="SplitKind.File"/>.</summary>
    public IReadOnlyList<(int Part, string Pattern)> Patterns { get; private init; } = [];

    /// <summary>Equal days that rows in file order are divided into, 0 for another rule.</summary>
    public long Days { get; private init; }

    /// <summary>With <see cref="SplitKind.Day"/>: whole numbers are divided by it to be days, 1 or more.</summary>
    public long Divisor { get; private init; } = 1;

    /// <summary>The parts, in order; the first one is for training.</summary>
    public IReadOnlyList<string> PartNames { get; private init; } = Names;

    /// <summary>Parts that the rule can name.</summary>
    public int Parts => PartNames.Count;

    /// <summary>
    /// Reads a rule: <c>none</c>; <c>fraction:0.8</c> (the first 80 % train, the rest test) or <c>fraction:0.8,0.1</c> (the
    /// rest validation; a third share may say it, when all make 1); <c>days:7</c> (as many equal days: all but the last train, the
    /// first half of that, rounded up, test, the rest validation); <c>day:date</c> (the same by a column's days) or
    /// <c>day:hour:100</c> (whole numbers are divided by 100); <c>hash:user:0.8,0.1</c>; <c>time:day:0.8</c> or
    /// <c>time:day:20260101,20260108</c> (earlier rows train, those before the second time test, the rest validation);
    /// <c>file:test=day_23*,validation=day_22*</c>, with any names of parts.
    /// </summary>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    public static SplitRule Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? text : text[..colon];
        string rest = colon < 0 ? "" : text[(colon + 1)..];
        switch (kind)
        {
            case "none" when colon < 0:
                return new SplitRule(SplitKind.None, "", [], []) { PartNames = Names[..1] };
            case "fraction":
                return Of(SplitKind.Fraction, "", ReadShares(rest) ?? throw Unknown(text), []);
            case "days":
                return long.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out long days) && days >= 2
                    ? new SplitRule(SplitKind.Fraction, "", [], []) { Days = days }
                    : throw Unknown(text);
            case "day" when rest.Length > 0:
                return ReadDay(rest);
            case "hash" or "time":
                // Names of columns may have colons too, as times do: the first one that leaves shares or times divides.
                for (int end = rest.IndexOf(':', StringComparison.Ordinal); end > 0; end = rest.IndexOf(':', end + 1))
                {
                    if (ReadBehindColumn(kind, rest[..end], rest[(end + 1)..]) is { } rule)
                    {
                        return rule;
                    }
                }

                throw Unknown(text);
            case "file":
                List<(string Part, string Pattern)> patterns = ReadPatterns(text, rest);
                string[] names = ["train", .. patterns.Select(pattern => pattern.Part).Distinct()];
                return new SplitRule(SplitKind.File, "", [], [])
                {
                    PartNames = names,
                    Patterns = [.. patterns.Select(pattern => (Array.IndexOf(names, pattern.Part), pattern.Pattern))],
                };
            default:
                throw Unknown(text);
        }
    }

    /// <summary>The part of a hashed or relative position u in [0, 1).</summary>
    public int PartOf(double position)
    {
        double end = 0;
        for (int part = 0; part < Shares.Count; part++)
        {
            end += Shares[part];
            if (position < end)
            {
                return part;
            }
        }

        return Shares.Count;
    }

    /// <summary>First row of each part but the first, when n rows are divided in their order: floors of the shares.</summary>
    public long[] Borders(long rows)
    {
        if (Days > 0)
        {
            long last = rows / Days;
            return [rows - last, rows - last + ((last + 1) / 2)];
        }

        var borders = new long[Shares.Count];
        double end = 0;
        for (int part = 0; part < borders.Length; part++)
        {
            end += Shares[part];

            // 0.1 + 0.2 is a little more than 0.3: a border that is whole but for rounding is that whole number.
            borders[part] = (long)Math.Floor(Math.Round(end * rows, 6));
        }

        return borders;
    }

    /// <summary>The part of a file.</summary>
    public int PartOfFile(string path)
    {
        foreach ((int part, string pattern) in Patterns)
        {
            if (FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path), ignoreCase: false))
            {
                return part;
            }
        }

        return 0;
    }

    /// <summary>What <see cref="SplitKind.Time"/> and <see cref="SplitKind.Day"/> go by, as a number.</summary>
    public bool TryKey(ReadOnlySpan<byte> text, out long key)
    {
        bool isTime = TryTime(text, out key);
        if (isTime && Kind == SplitKind.Day)
        {
            bool isNumber = Utf8Parser.TryParse(text, out long _, out int used) && used == text.Length;
            (long day, long rest) = Math.DivRem(key, isNumber ? Divisor : TimeSpan.TicksPerDay);
            key = rest < 0 ? day - 1 : day;
        }

        return isTime;
    }

    /// <summary>A time as a number: whole numbers as they are, dates as ticks.</summary>
    public static bool TryTime(ReadOnlySpan<byte> text, out long time)
    {
        if (Utf8Parser.TryParse(text, out time, out int used) && used == text.Length)
        {
            return true;
        }

        Span<char> letters = stackalloc char[64];
        bool isDate = text.Length is > 0 and <= 64
            && DateTimeOffset.TryParse(
                letters[..System.Text.Encoding.Latin1.GetChars(text, letters)], CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            && (time = date.UtcTicks) > 0;
        return isDate;
    }

    private static SplitRule Of(SplitKind kind, string column, double[] shares, string[] cuts) =>
        new(kind, column, shares, cuts) { PartNames = Names[..(1 + Math.Max(shares.Length, cuts.Length))] };

    private static SplitRule ReadDay(string text)
    {
        int colon = text.LastIndexOf(':');
        bool divided = long.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long divisor) && colon > 0 && divisor > 0;
        return new SplitRule(SplitKind.Day, divided ? text[..colon] : text, [], []) { Divisor = divided ? divisor : 1 };
    }

    private static SplitRule? ReadBehindColumn(string kind, string column, string text)
    {
        // A whole number is a time: day 1, not all rows.
        bool mayBeShares = kind == "hash" || text.Split(',').All(share => share.StartsWith("0.", StringComparison.Ordinal));
        if (mayBeShares && ReadShares(text) is { } shares)
        {
            return Of(kind == "hash" ? SplitKind.Hash : SplitKind.Time, column, shares, []);
        }

        return kind == "time" && ReadTimes(text) is { } cuts ? Of(SplitKind.Time, column, [], cuts) : null;
    }

    private static string[]? ReadTimes(string text)
    {
        string[] cuts = text.Split(',');
        long last = long.MinValue;
        foreach (string cut in cuts)
        {
            if (cuts.Length > 2 || !TryTime(System.Text.Encoding.UTF8.GetBytes(cut), out long time) || time <= last)
            {
                return null;
            }

            last = time;
        }

        return cuts;
    }

    /// <summary>
    /// One or two shares below 1, together at most 1; or up to three that make 1, the last of which is what the others leave.
    /// Null if the text is something else.
    /// </summary>
    private static double[]? ReadShares(string text)
    {
        string[] parts = text.Split(',');
        var values = new double[parts.Length];
        for (int part = 0; part < parts.Length; part++)
        {
            if (!double.TryParse(parts[part], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out values[part])
                || values[part] is <= 0 or > 1)
            {
                return null;
            }
        }

        double sum = values.Sum();
        return parts.Length is 2 or 3 && Math.Abs(sum - 1) < 1e-9 ? values[..^1]
            : parts.Length <= 2 && sum < 1 + 1e-9 ? values
            : null;
    }

    private static List<(string Part, string Pattern)> ReadPatterns(string text, string patterns)
    {
        var found = new List<(string, string)>();
        foreach (string pattern in patterns.Split(','))
        {
            string[] sides = pattern.Split('=', 2);
            bool isName = sides[0].Length > 0 && char.IsAsciiLetter(sides[0][0])
                && sides[0].All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-');
            if (sides.Length != 2 || !isName || sides[0] == Names[0] || sides[1].Length == 0)
            {
                throw Unknown(text);
            }

            found.Add((sides[0], sides[1]));
        }

        return found;
    }

    private static ArgumentException Unknown(string text) => new(
        $"--split={text}: expected none, fraction:0.8 (train, the rest test), fraction:0.8,0.1 (the rest validation), days:7 (equal "
        + "ones, the last for test and validation), day:COLUMN, day:COLUMN:DIVISOR, hash:COLUMN:0.8,0.1, time:COLUMN:0.8,0.1, "
        + "time:COLUMN:FIRST_OF_TEST,FIRST_OF_VALIDATION, or file:NAME=PATTERN,NAME=PATTERN (test, validation or any other part).");
}
