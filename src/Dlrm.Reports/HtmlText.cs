using System.Text;

namespace Dlrm.Reports;

/// <summary>Text made safe to stand in HTML and in SVG, between tags and in quoted attributes.</summary>
internal static class HtmlText
{
    /// <summary>
    /// Markup characters become entities; characters that XML does not allow (controls, lone surrogates) become U+FFFD.
    /// </summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\t' or '\n' => escaped.Append((char)rune.Value),
                '\r' => escaped,
                < ' ' or (>= 0x7F and < 0xA0) or 0xFFFE or 0xFFFF => escaped.Append('\uFFFD'),
                _ => escaped.Append(rune),
            };
        }

        return escaped.ToString();
    }
}
