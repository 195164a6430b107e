using System.Text;
using static Dlrm.Reports.HtmlText;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Charts;

/// <summary>One inline SVG drawing with two linear axes: the frame that every chart of the report stands in.</summary>
/// <remarks>
/// The drawing is 520 × 300 units and stretches to its card; colours, weights and text sizes are classes of report.css.
/// Data coordinates go in; what lies outside the axes is cut off at the frame.
/// </remarks>
internal sealed class SvgChart
{
    private const double Width = 520;
    private const double Height = 300;
    private const double Left = 62;
    private const double Right = 14;
    private const double Top = 12;
    private const double Bottom = 46;

    private readonly StringBuilder _svg = new();
    private readonly AxisTicks _x;
    private readonly AxisTicks _y;

    /// <summary>Starts a drawing: grid, axes, ticks and titles.</summary>
    /// <param name="description">What is to be seen, for those who cannot see it.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="xTitle">Its title, below the ticks.</param>
    /// <param name="xLabel">Writes a tick.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="yLabel">Writes a tick.</param>
    public SvgChart(
        string description,
        AxisTicks x,
        string xTitle,
        Func<double, string> xLabel,
        AxisTicks y,
        Func<double, string> yLabel)
    {
        _x = x;
        _y = y;
        Append($"<svg viewBox=\"0 0 {N(Width)} {N(Height)}\" role=\"img\" aria-label=\"{Escape(description)}\">\n");
        foreach (double tick in y.Values)
        {
            Append($"<path class=\"grid\" d=\"M{N(Left)} {N(Y(tick))}H{N(Width - Right)}\"/>");
            Append($"<text class=\"end\" x=\"{N(Left - 8)}\" y=\"{N(Y(tick))}\" dy=\".33em\">{yLabel(tick)}</text>\n");
        }

        Append($"<path class=\"axis\" d=\"M{N(Left)} {N(Height - Bottom)}H{N(Width - Right)}\"/>\n");
        foreach (double tick in x.Values)
        {
            Append($"<path class=\"axis\" d=\"M{N(X(tick))} {N(Height - Bottom)}v4\"/>");
            Append($"<text class=\"mid\" x=\"{N(X(tick))}\" y=\"{N(Height - Bottom + 7)}\" dy=\".9em\">{xLabel(tick)}</text>\n");
        }

        double centre = (Left + Width - Right) / 2;
        Append($"<text class=\"mid\" x=\"{N(centre)}\" y=\"{N(Height - 5)}\">{Escape(xTitle)}</text>\n");
    }

    /// <summary>A line through points; gaps where a coordinate is no number.</summary>
    /// <param name="style">Its CSS class.</param>
    /// <param name="points">(x, y) in data coordinates.</param>
    public void Line(string style, IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        bool drawing = false;
        foreach ((double x, double y) in points)
        {
            bool there = double.IsFinite(x) && double.IsFinite(y);
            if (there)
            {
                path.Append(drawing ? 'L' : 'M').Append(N(X(x))).Append(' ').Append(N(Y(y)));
            }

            drawing = there;
        }

        if (path.Length > 0)
        {
            Append($"<path class=\"{style}\" d=\"{path}\"/>\n");
        }
    }

    /// <summary>A filled band between two lines.</summary>
    /// <param name="style">Its CSS class.</param>
    /// <param name="points">(x, low, high), finite, by ascending x.</param>
    public void Band(string style, IReadOnlyList<(double X, double Low, double High)> points)
    {
        if (points.Count < 2)
        {
            return;
        }

        var path = new StringBuilder("M");
        path.AppendJoin('L', points.Select(point => $"{N(X(point.X))} {N(Y(point.High))}"));
        path.Append('L');
        path.AppendJoin('L', points.Reverse().Select(point => $"{N(X(point.X))} {N(Y(point.Low))}"));
        Append($"<path class=\"{style}\" d=\"{path}Z\"/>\n");
    }

    /// <summary>A dot with a text that shows when the pointer rests on it.</summary>
    /// <param name="style">Its CSS class.</param>
    /// <param name="x">Data coordinate.</param>
    /// <param name="y">Data coordinate.</param>
    /// <param name="radius">In units of the drawing.</param>
    /// <param name="title">The text; null for none.</param>
    public void Dot(string style, double x, double y, double radius, string? title = null)
    {
        if (double.IsFinite(x) && double.IsFinite(y))
        {
            Append($"<circle class=\"{style}\" cx=\"{N(X(x))}\" cy=\"{N(Y(y))}\" r=\"{N(radius)}\">{Title(title)}</circle>\n");
        }
    }

    /// <summary>An upright whisker from <paramref name="low"/> to <paramref name="high"/>.</summary>
    /// <param name="style">Its CSS class.</param>
    /// <param name="x">Data coordinate.</param>
    /// <param name="low">Data coordinate.</param>
    /// <param name="high">Data coordinate.</param>
    public void Whisker(string style, double x, double low, double high) => Append(
        $"<path class=\"{style}\" d=\"M{N(X(x))} {N(Y(low))}V{N(Y(high))}m-4 0h8M{N(X(x) - 4)} {N(Y(low))}h8\"/>\n");

    /// <summary>A rectangle over the whole height, with a text that shows when the pointer rests on it.</summary>
    /// <param name="style">Its CSS class.</param>
    /// <param name="from">Left edge, data coordinate.</param>
    /// <param name="to">Right edge, data coordinate.</param>
    /// <param name="title">The text.</param>
    public void Column(string style, double from, double to, string title)
    {
        string place = $"x=\"{N(X(from))}\" y=\"{N(Top)}\" width=\"{N(X(to) - X(from))}\" height=\"{N(Height - Bottom - Top)}\"";
        Append($"<rect class=\"{style}\" {place}>{Title(title)}</rect>\n");
    }

    /// <summary>A short text just above a height, at the left or the right edge of the frame.</summary>
    /// <param name="y">Data coordinate.</param>
    /// <param name="text">The text.</param>
    /// <param name="left">True for the left edge.</param>
    public void Note(double y, string text, bool left)
    {
        string place = left ? $"class=\"note\" x=\"{N(Left + 6)}\"" : $"class=\"end note\" x=\"{N(Width - Right - 2)}\"";
        Append($"<text {place} y=\"{N(Y(y) - 6)}\">{Escape(text)}</text>\n");
    }

    /// <summary>A short text beside a point.</summary>
    /// <param name="style">Its CSS class.</param>
    /// <param name="x">Data coordinate.</param>
    /// <param name="y">Data coordinate.</param>
    /// <param name="shift">To the right, in units of the drawing.</param>
    /// <param name="text">The text.</param>
    public void Label(string style, double x, double y, double shift, string text)
        => Append($"<text class=\"{style}\" x=\"{N(X(x) + shift)}\" y=\"{N(Y(y))}\" dy=\".33em\">{Escape(text)}</text>\n");

    /// <summary>The finished drawing.</summary>
    public string Finish() => _svg.Append("</svg>").ToString();

    private static string N(double value) => Coordinate(value);

    private static string Title(string? title) => title is null ? string.Empty : $"<title>{Escape(title)}</title>";

    private static double Fraction(AxisTicks axis, double value)
        => (Math.Clamp(value, axis.Start, axis.End) - axis.Start) / (axis.End - axis.Start);

    private double X(double value) => Left + (Fraction(_x, value) * (Width - Left - Right));

    private double Y(double value) => Height - Bottom - (Fraction(_y, value) * (Height - Top - Bottom));

    private void Append(string text) => _svg.Append(text);
}
