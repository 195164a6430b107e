using System.Text;
using Dlrm.Reports.Sections;

namespace Dlrm.Reports;

/// <summary>
/// The report of a training run: one HTML file that needs nothing else, neither a network nor a script.
/// </summary>
/// <remarks>
/// Charts are inline SVG and tell their numbers when the pointer rests on a point; colours follow the reader's light or
/// dark setting. The page forbids itself to load anything (Content-Security-Policy), and is well-formed XML.
/// </remarks>
public static class RunReport
{
    /// <summary>Writes the report of a run, whole or not at all: beside the target, then renamed over it.</summary>
    /// <param name="path">The file, usually <c>report.html</c>; its folder is made if it is missing.</param>
    /// <param name="data">The run.</param>
    /// <exception cref="IOException">The file cannot be written; an older report is left as it was.</exception>
    public static void Write(string path, RunReportData data) => PageFile.Write(path, Render(data));

    /// <summary>The report as text.</summary>
    /// <param name="data">The run.</param>
    public static string Render(RunReportData data)
    {
        var html = new StringBuilder(1 << 18);
        Page.Begin(html, data.Title);
        HeaderSection.Write(html, data);
        HeadlineSection.Write(html, data);
        TrainingSection.Write(html, data);
        TestSection.Write(html, data);
        PartsSection.Write(html, data);
        SliceSection.Write(html, [new SlicedRun("", "s1", data.Slices)]);
        MetricsSection.Write(html, data);
        ParameterSection.Write(html, data);
        RunSection.Write(html, data);
        return Page.End(html);
    }
}
