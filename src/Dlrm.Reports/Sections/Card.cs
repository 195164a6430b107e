using System.Text;
using static Dlrm.Reports.HtmlText;

namespace Dlrm.Reports.Sections;

/// <summary>A chart with its heading, a line of explanation and a legend.</summary>
internal static class Card
{
    /// <summary>Writes the card.</summary>
    /// <param name="html">The page.</param>
    /// <param name="title">The heading.</param>
    /// <param name="note">What is plotted, in a few words.</param>
    /// <param name="legend">CSS class and name of each series; none for a single one.</param>
    /// <param name="svg">The drawing.</param>
    public static void Write(
        StringBuilder html, string title, string note, IReadOnlyList<(string Style, string Name)> legend, string svg)
    {
        html.Append($"<figure>\n<figcaption><h3>{Escape(title)}</h3><p>{Escape(note)}</p>");
        if (legend.Count > 0)
        {
            html.Append("<ul class=\"legend\">");
            foreach ((string style, string name) in legend)
            {
                html.Append($"<li><i class=\"key {style}\"></i>{Escape(name)}</li>");
            }

            html.Append("</ul>");
        }

        html.Append("</figcaption>\n").Append(svg).Append("\n</figure>\n");
    }
}
