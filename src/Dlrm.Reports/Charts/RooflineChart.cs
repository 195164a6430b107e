using System.Globalization;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Charts;

/// <summary>The drawing of <see cref="RooflinePicture"/>.</summary>
/// <remarks>
/// <code>
/// x = compute / memory     how much the machine would compute while it fetches the step's rows (logarithmic)
/// y = compute / step       the share of its peak that the step reached
/// roof: min(x, 1)          rows fetched in the shadow of products
/// floor of dlrm bench: x / (1 + x)     one after the other
/// </code>
/// </remarks>
internal static class RooflineChart
{
    private const double Left = -1; // powers of ten
    private const double Right = 2;
    private const int CurveSteps = 90; // a whole number of them to 1

    private const string Style =
        "<style>svg{background:#fff}text{font:11px system-ui,-apple-system,\"Segoe UI\",sans-serif;fill:#5b6675}.end{text-anchor:end}.mid{text-anchor:middle}"
        + ".grid{stroke:#e4e4df}.axis{stroke:#5b6675}.line{fill:none;stroke-width:2}.roof{stroke:#1b222c}.sum{stroke:#59636f;stroke-dasharray:5 4}"
        + ".train{fill:#c2500a}.infer{fill:#2a67b1}.name{font-size:10px}</style>";

    /// <summary>The drawing as the text of an SVG file.</summary>
    /// <param name="points">What was measured.</param>
    public static string Render(IReadOnlyList<RooflinePoint> points)
    {
        var chart = new SvgChart(
            "Roofline: the share of peak that steps reach, against how much they compute for the rows they fetch",
            new AxisTicks(Left, Right, 1),
            "multiply-adds at peak ÷ table rows at full speed, in time (no rows: at the right edge)",
            Power,
            new AxisTicks(0, 1, 0.2),
            value => (100 * value).ToString("0", CultureInfo.InvariantCulture) + " %");
        chart.Line("line roof", Curve(ratio => Math.Min(ratio, 1)));
        chart.Line("line sum", Curve(ratio => ratio / (1 + ratio)));
        foreach (RooflinePoint point in points)
        {
            double x = point.MemoryMs > 0 ? Math.Log10(point.ComputeMs / point.MemoryMs) : Right;
            double y = point.ComputeMs / point.StepMs;
            string kind = point.IsTraining ? "training" : "inference";
            chart.Dot(
                point.IsTraining ? "train" : "infer", x, y, 4,
                $"{point.Name}, {kind}: {Percent(point.ComputeMs / point.StepMs)} of peak, "
                + $"{Percent((point.ComputeMs + point.MemoryMs) / point.StepMs)} of the floor");
            bool isLeft = !point.IsTraining || x > 1; // few points are near another on that side
            chart.Label("name" + (isLeft ? " end" : ""), x, y, isLeft ? -7 : 7, point.Name);
        }

        chart.Note(0, "orange: training · blue: inference · solid: roof · dashed: one after the other", left: true);
        return chart.Finish()
            .Replace("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", StringComparison.Ordinal)
            .Replace("</svg>", Style + "</svg>\n", StringComparison.Ordinal);
    }

    private static IEnumerable<(double X, double Y)> Curve(Func<double, double> share) => Enumerable.Range(0, CurveSteps + 1).Select(step =>
    {
        double x = Left + ((Right - Left) * step / CurveSteps);
        return (x, share(Math.Pow(10, x)));
    });

    private static string Power(double value) => Math.Pow(10, value).ToString("0.##", CultureInfo.InvariantCulture);
}
