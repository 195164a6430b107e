using System.Globalization;
using System.Text;

namespace Dlrm.Data;

/// <summary>One defect: where, what kind, and the text.</summary>
/// <param name="Reason">The kind.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1; 0 for the whole line.</param>
/// <param name="ColumnName">Empty for the whole line.</param>
/// <param name="Text">The offending text, already shortened and escaped.</param>
/// <param name="Problem">What is wrong with it, e.g. <c>is not a whole number</c>.</param>
internal readonly record struct BadLine(
    BadLineReason Reason, long Line, int Column, string ColumnName, string Text, string Problem)
{
    private const int LongestText = 48;

    /// <summary><c>line 812, column 5 (I4): 'x1' is not a whole number.</c></summary>
    public string Describe()
    {
        string where = Column == 0
            ? string.Create(CultureInfo.InvariantCulture, $"line {Line}")
            : string.Create(CultureInfo.InvariantCulture, $"line {Line}, column {Column} ({ColumnName})");
        return $"{where}: '{Text}' {Problem}.";
    }

    /// <summary>What a person can do about it.</summary>
    public static string Fix(BadLineReason reason) => reason switch
    {
        BadLineReason.CarriageReturn => "Convert the file to Unix line ends (tr -d '\\r' < in > out).",
        BadLineReason.Truncated =>
            "Fetch the file again; --on-bad-line=skip goes on with the lines before the break.",
        BadLineReason.EmptyLine => "Remove the line, or pass --on-bad-line=skip to leave such lines out.",
        _ => "Correct the line, or pass --on-bad-line=skip to leave such lines out.",
    };

    /// <summary>Text for a message: at most 48 bytes, unprintable ones and the backslash as <c>\xNN</c>.</summary>
    public static string Escape(ReadOnlySpan<byte> text)
    {
        var escaped = new StringBuilder();
        foreach (byte value in text[..Math.Min(text.Length, LongestText)])
        {
            if (value is >= 0x20 and < 0x7f and not (byte)'\\')
            {
                escaped.Append((char)value);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
            }
        }

        return text.Length > LongestText ? escaped.Append('…').ToString() : escaped.ToString();
    }
}
