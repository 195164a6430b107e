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
}

/// <summary>A rule that divides rows into train, test and validation.</summary>
internal sealed record SplitRule(SplitKind Kind, string Column, IReadOnlyList<double> Shares, IReadOnlyList<string> Cuts)
{
    /// <summary>The parts, in order.</summary>
    public static readonly string[] Names = ["train", "test", "validation"];

    /// <summary>Name patterns of the test and the validation files, with <see cref="SplitKind.File"/>.</summary>
    public IReadOnlyList<(int Part, string Pattern)> Patterns { get; init; } = [];

    /// <summary>Parts that the rule can name.</summary>
    public int Parts => Kind switch
    {
        SplitKind.None => 1,
        SplitKind.File => Patterns.Max(pattern => pattern.Part) + 1,
        _ => 1 + Math.Max(Shares.Count, Cuts.Count),
    };

    /// <summary>
    /// Reads a rule: <c>none</c>; <c>fraction:0.8</c> (the first 80 % train, the rest test) or <c>fraction:0.8,0.1</c> (the
    /// rest validation); <c>hash:user:0.8,0.1</c>; <c>time:day:0.8</c> or <c>time:day:20260101,20260108</c> (earlier rows
    /// train, those before the second time test, the rest validation); <c>file:test=day_23*,validation=day_22*</c>.
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
                return new SplitRule(SplitKind.None, "", [], []);
            case "fraction":
                return new SplitRule(SplitKind.Fraction, "", ReadShares(rest) ?? throw Unknown(text), []);
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
                return new SplitRule(SplitKind.File, "", [], []) { Patterns = ReadPatterns(text, rest) };
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

    /// <summary>A time as a number: whole numbers as they are, dates as ticks.</summary>
    public static bool TryTime(ReadOnlySpan<byte> text, out long time)
    {
        if (System.Buffers.Text.Utf8Parser.TryParse(text, out time, out int used) && used == text.Length)
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

    private static SplitRule? ReadBehindColumn(string kind, string column, string text)
    {
        // A whole number is a time: day 1, not all rows.
        bool mayBeShares = kind == "hash" || text.Split(',').All(share => share.StartsWith("0.", StringComparison.Ordinal));
        if (mayBeShares && ReadShares(text) is { } shares)
        {
            return new SplitRule(kind == "hash" ? SplitKind.Hash : SplitKind.Time, column, shares, []);
        }

        return kind == "time" && ReadTimes(text) is { } cuts ? new SplitRule(SplitKind.Time, column, [], cuts) : null;
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

    /// <summary>One or two shares below 1, together at most 1; null if the text is something else.</summary>
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

        return parts.Length <= 2 && values.Sum() < 1 + 1e-9 ? values : null;
    }

    private static List<(int Part, string Pattern)> ReadPatterns(string text, string patterns)
    {
        var found = new List<(int, string)>();
        foreach (string pattern in patterns.Split(','))
        {
            string[] sides = pattern.Split('=', 2);
            int part = Array.IndexOf(Names, sides[0]);
            if (sides.Length != 2 || part < 1 || sides[1].Length == 0)
            {
                throw Unknown(text);
            }

            found.Add((part, sides[1]));
        }

        return found;
    }

    private static ArgumentException Unknown(string text) => new(
        $"--split={text}: expected none, fraction:0.8 (train, the rest test), fraction:0.8,0.1 (the rest validation), "
        + "hash:COLUMN:0.8,0.1, time:COLUMN:0.8,0.1, time:COLUMN:FIRST_OF_TEST,FIRST_OF_VALIDATION, or "
        + "file:test=PATTERN,validation=PATTERN.");
}
