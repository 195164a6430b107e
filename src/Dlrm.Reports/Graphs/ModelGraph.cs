using System.Text;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Graphs;

/// <summary>Draws a model as one SVG file: inputs at the left, the score at the right, light or dark as the reader's screen is.</summary>
/// <remarks>
/// The bottom tower runs along the top, the tables stand below it with a bar each whose length grows with the logarithm of
/// their parameters, and both lead into the interaction, behind which the top tower runs on.
/// </remarks>
public static class ModelGraph
{
    private const double Margin = 28;
    private const double BoxWidth = 132;
    private const double BoxHeight = 64;
    private const double Gap = 34;
    private const double TowerTop = 96;
    private const double TablesTop = 236;
    private const double CardWidth = 196;
    private const double CardHeight = 50;
    private const double CardGap = 10;
    private const int FewestColumns = 3;
    private const int MostCards = 60;

    private const string Style = """
        <style>
        :root{--page:#f7f7f5;--card:#fff;--ink:#1b222c;--soft:#5b6675;--rule:#d3d5d2;--dense:#2a67b1;--sparse:#c2500a;--top:#4f7d57}
        @media (prefers-color-scheme:dark){:root{--page:#12161b;--card:#191f26;--ink:#e5e9ee;--soft:#9aa7b5;--rule:#39434f;--dense:#74b0f2;--sparse:#f2a05e;--top:#8fc79a}}
        text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}
        .title{font-size:17px;font-weight:600}.soft{fill:var(--soft);font-size:12px}.name{font-weight:600}.mid{text-anchor:middle}.end{text-anchor:end}
        .page{fill:var(--page)}.box{fill:var(--card);stroke:var(--rule)}.arrow{stroke:var(--soft);stroke-width:1.4;fill:none}.tip{fill:var(--soft)}
        .dense{stroke:var(--dense);stroke-width:1.6}.sparse{fill:var(--sparse)}.meet{stroke:var(--sparse);stroke-width:1.6}.top{stroke:var(--top);stroke-width:1.6}.track{fill:var(--rule)}
        </style>
        """;

    /// <summary>The text of the file.</summary>
    /// <param name="data">The model.</param>
    public static string Draw(ModelGraphData data)
    {
        IReadOnlyList<GraphBox> cards = Cards(data.Tables);
        double towerRight = Margin + ((data.Bottom.Count + 1) * (BoxWidth + Gap)) - Gap;
        int below = (int)((towerRight - Margin + CardGap) / (CardWidth + CardGap));
        int columns = Math.Min(Math.Max(FewestColumns, below), Math.Max(1, cards.Count));
        int rows = (cards.Count + columns - 1) / columns;
        double tablesRight = Margin + (columns * (CardWidth + CardGap)) - CardGap;
        double meetX = Math.Max(tablesRight, towerRight) + (2 * Gap);
        double width = meetX + ((data.Top.Count + 2) * (BoxWidth + Gap)) - Gap + Margin;
        double height = Math.Max(TablesTop + (rows * (CardHeight + CardGap)), TablesTop + BoxHeight) + Margin;
        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Coordinate(width)} {Coordinate(height)}\" role=\"img\" aria-label=\"{Escape(data.Title)}\">\n");
        svg.Append(Style).Append('\n');
        svg.Append($"<rect class=\"page\" width=\"{Coordinate(width)}\" height=\"{Coordinate(height)}\"/>\n");
        Text(svg, "title", Margin, 38, data.Title);
        Text(svg, "soft", Margin, 60, $"{Count(Parameters(data))} parameters, {Share(data)} of them in tables");

        double x = Tower(svg, "dense", Margin, [data.Input, .. data.Bottom]);
        double meetMiddle = TowerTop + (BoxHeight / 2);
        Arrow(svg, x - Gap, meetMiddle, meetX);
        DrawTables(svg, cards, columns);
        double tablesMiddle = TablesTop + (CardHeight / 2);
        double meetBottom = tablesMiddle + 24;
        Arrow(svg, tablesRight + 8, tablesMiddle, meetX);
        DrawInteraction(svg, data.Interaction, meetX, meetBottom);
        double afterMeet = meetX + BoxWidth;
        Arrow(svg, afterMeet, meetMiddle, afterMeet + Gap);
        Tower(svg, "top", afterMeet + Gap, [.. data.Top, data.Output]);
        return svg.Append("</svg>\n").ToString();
    }

    private static long Parameters(ModelGraphData data) =>
        data.Bottom.Concat(data.Tables).Concat(data.Top).Append(data.Interaction).Sum(box => box.Parameters);

    private static string Share(ModelGraphData data) => Percent((double)data.Tables.Sum(table => table.Parameters) / Math.Max(1, Parameters(data)));

    /// <summary>All tables, or the largest ones in order and one card for the others.</summary>
    private static IReadOnlyList<GraphBox> Cards(IReadOnlyList<GraphBox> tables)
    {
        if (tables.Count <= MostCards)
        {
            return tables;
        }

        HashSet<GraphBox> largest = [.. tables.OrderByDescending(table => table.Parameters).Take(MostCards - 1)];
        List<GraphBox> others = [.. tables.Where(table => !largest.Contains(table))];
        return
        [
            .. tables.Where(largest.Contains),
            new GraphBox($"{Count(others.Count)} others", "smaller than these", others.Sum(table => table.Parameters)),
        ];
    }

    /// <summary>Boxes in a row with arrows between; gives where the next would begin.</summary>
    private static double Tower(StringBuilder svg, string style, double x, IReadOnlyList<GraphBox> boxes)
    {
        for (int number = 0; number < boxes.Count; number++)
        {
            if (number > 0)
            {
                Arrow(svg, x - Gap, TowerTop + (BoxHeight / 2), x);
            }

            GraphBox box = boxes[number];
            double middle = x + (BoxWidth / 2);
            svg.Append($"<rect class=\"box {style}\" x=\"{Coordinate(x)}\" y=\"{Coordinate(TowerTop)}\" width=\"{Coordinate(BoxWidth)}\" height=\"{Coordinate(BoxHeight)}\" rx=\"7\"/>\n");
            Text(svg, "mid name", middle, TowerTop + 20, box.Name);
            Text(svg, "mid", middle, TowerTop + 38, box.Shape);
            Text(svg, "mid soft", middle, TowerTop + 55, box.Parameters > 0 ? $"{Count(box.Parameters)} params" : "");
            x += BoxWidth + Gap;
        }

        return x;
    }

    private static void DrawTables(StringBuilder svg, IReadOnlyList<GraphBox> cards, int columns)
    {
        Text(svg, "soft", Margin, TablesTop - 12, "embedding tables: rows × elements of a row");
        double most = Math.Log(1 + cards.Max(card => (double)card.Parameters));
        for (int number = 0; number < cards.Count; number++)
        {
            GraphBox card = cards[number];
            double x = Margin + (number % columns * (CardWidth + CardGap));
            double y = TablesTop + (number / columns * (CardHeight + CardGap));
            double bar = (CardWidth - 20) * Math.Log(1 + (double)card.Parameters) / Math.Max(1, most);
            svg.Append($"<rect class=\"box\" x=\"{Coordinate(x)}\" y=\"{Coordinate(y)}\" width=\"{Coordinate(CardWidth)}\" height=\"{Coordinate(CardHeight)}\" rx=\"6\"/>");
            svg.Append($"<rect class=\"track\" x=\"{Coordinate(x + 10)}\" y=\"{Coordinate(y + CardHeight - 9)}\" width=\"{Coordinate(CardWidth - 20)}\" height=\"3\" rx=\"1.5\"/>");
            svg.Append($"<rect class=\"sparse\" x=\"{Coordinate(x + 10)}\" y=\"{Coordinate(y + CardHeight - 9)}\" width=\"{Coordinate(bar)}\" height=\"3\" rx=\"1.5\"/>\n");
            Text(svg, "name", x + 10, y + 18, card.Name);
            Text(svg, "end soft", x + CardWidth - 10, y + 18, $"{ShortCount(card.Parameters)} params");
            Text(svg, "soft", x + 10, y + 34, card.Shape);
        }
    }

    private static void DrawInteraction(StringBuilder svg, GraphBox box, double x, double bottom)
    {
        double middle = x + (BoxWidth / 2);
        svg.Append($"<rect class=\"box meet\" x=\"{Coordinate(x)}\" y=\"{Coordinate(TowerTop)}\" width=\"{Coordinate(BoxWidth)}\" height=\"{Coordinate(bottom - TowerTop)}\" rx=\"7\"/>\n");
        double y = (TowerTop + bottom) / 2;
        Text(svg, "mid name", middle, y - 12, "interaction");
        Text(svg, "mid", middle, y + 6, box.Name);
        Text(svg, "mid soft", middle, y + 24, box.Shape);
    }

    private static void Arrow(StringBuilder svg, double fromX, double y, double toX) => svg.Append(
        $"<path class=\"arrow\" d=\"M{Coordinate(fromX)} {Coordinate(y)}H{Coordinate(toX - 7)}\"/>"
        + $"<path class=\"tip\" d=\"M{Coordinate(toX)} {Coordinate(y)}l-8 -4v8z\"/>\n");

    private static void Text(StringBuilder svg, string style, double x, double y, string text)
    {
        if (text.Length > 0)
        {
            svg.Append($"<text class=\"{style}\" x=\"{Coordinate(x)}\" y=\"{Coordinate(y)}\">{Escape(text)}</text>\n");
        }
    }
}
