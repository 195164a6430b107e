using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Charts;

/// <summary>A point of a line, and what to say of it.</summary>
/// <param name="X">Across.</param>
/// <param name="Y">Up; a gap where it is no number.</param>
/// <param name="Title">Shown when the pointer rests on it.</param>
internal readonly record struct ChartPoint(double X, double Y, string Title);

/// <summary>One line of a chart.</summary>
/// <param name="Style">CSS class of the series, a colour: s1, s2 or s3.</param>
/// <param name="Points">By ascending x.</param>
internal sealed record LineSeries(string Style, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>A band around the line: (x, low, high).</summary>
    public IReadOnlyList<(double X, double Low, double High)> Band { get; init; } = [];

    /// <summary>True to draw each point as a dot, as well as the line.</summary>
    public bool Dotted { get; init; }

    /// <summary>A point to put a ring around.</summary>
    public ChartPoint? Ringed { get; init; }
}

/// <summary>Lines over one horizontal axis.</summary>
internal sealed record LineChart
{
    /// <summary>What is to be seen, for those who cannot see it.</summary>
    public required string Description { get; init; }

    /// <summary>Title of the horizontal axis.</summary>
    public required string XTitle { get; init; }

    /// <summary>The horizontal axis; null for the points' own range in whole steps.</summary>
    public AxisTicks? X { get; init; }

    /// <summary>Writes a tick of a given horizontal axis; null for plain decimals.</summary>
    public Func<double, string>? XLabel { get; init; }

    /// <summary>The vertical axis; null for one around the points.</summary>
    public AxisTicks? Y { get; init; }

    /// <summary>Writes a tick of the vertical axis; null for plain decimals.</summary>
    public Func<double, string>? YLabel { get; init; }

    /// <summary>The lines, the last on top.</summary>
    public required IReadOnlyList<LineSeries> Series { get; init; }

    /// <summary>A dashed line for comparison, by its points.</summary>
    public IReadOnlyList<(double X, double Y)> Reference { get; init; } = [];

    /// <summary>A dashed level for comparison, and its name.</summary>
    public (double Y, string Name)? Level { get; init; }

    /// <summary>True to write the level's name at the left, where the lines leave room there.</summary>
    public bool LevelNameLeft { get; init; }

    /// <summary>The drawing as SVG.</summary>
    public string Render()
    {
        AxisTicks x = X ?? StepAxis();
        AxisTicks y = Y ?? ValueAxis();
        var chart = new SvgChart(
            Description, x, XTitle, X is null ? ShortCount : XLabel ?? x.Label, y, YLabel ?? y.Label);
        foreach (LineSeries series in Series)
        {
            chart.Band("band " + series.Style, series.Band);
        }

        chart.Line("reference", Reference);
        if (Level is { } level)
        {
            chart.Line("reference", [(x.Start, level.Y), (x.End, level.Y)]);
            chart.Note(level.Y, level.Name, LevelNameLeft);
        }

        foreach (LineSeries series in Series)
        {
            chart.Line("line " + series.Style, series.Points.Select(point => (point.X, point.Y)));
            if (series.Ringed is { } ringed)
            {
                chart.Dot("ring " + series.Style, ringed.X, ringed.Y, 7);
            }

            bool dotted = series.Dotted || series.Points.Count == 1;
            foreach (ChartPoint point in series.Points)
            {
                if (dotted)
                {
                    chart.Dot("dot " + series.Style, point.X, point.Y, 3);
                }

                chart.Dot("hover " + series.Style, point.X, point.Y, 6, point.Title);
            }
        }

        return chart.Finish();
    }

    private AxisTicks StepAxis()
    {
        double last = Series.SelectMany(series => series.Points).Select(point => point.X).DefaultIfEmpty(1).Max();
        return AxisTicks.Exactly(0, last, 6, whole: true);
    }

    private AxisTicks ValueAxis()
    {
        double[] values =
        [
            .. Series.SelectMany(series => series.Points).Select(point => point.Y).Where(double.IsFinite),
            .. Series.SelectMany(series => series.Band).SelectMany(point => (double[])[point.Low, point.High]),
        ];
        if (Level is { } level)
        {
            values = [.. values, level.Y];
        }

        return values.Length == 0 ? AxisTicks.Exactly(0, 1, 5) : AxisTicks.Around(values.Min(), values.Max(), 5);
    }
}
