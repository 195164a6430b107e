using System.Reflection;
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
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    private static readonly string s_style = ReadStyle();

    /// <summary>Writes the report of a run, whole or not at all: beside the target, then renamed over it.</summary>
    /// <param name="path">The file, usually <c>report.html</c>; its folder is made if it is missing.</param>
    /// <param name="data">The run.</param>
    /// <exception cref="IOException">The file cannot be written; an older report is left as it was.</exception>
    public static void Write(string path, RunReportData data)
    {
        string target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        string temporary = $"{target}.tmp-{Guid.NewGuid():N}";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(Render(data)));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The report as text.</summary>
    /// <param name="data">The run.</param>
    public static string Render(RunReportData data)
    {
        var html = new StringBuilder(1 << 18);
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        html.Append("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
        html.Append($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\"/>\n");
        html.Append("<link rel=\"icon\" href=\"data:,\"/>\n");
        html.Append($"<title>{HtmlText.Escape(data.Title)} · Dlrm.NET</title>\n");
        html.Append($"<style>\n{s_style}</style>\n</head>\n<body>\n<main>\n");
        HeaderSection.Write(html, data);
        HeadlineSection.Write(html, data);
        TrainingSection.Write(html, data);
        TestSection.Write(html, data);
        MetricsSection.Write(html, data);
        ParameterSection.Write(html, data);
        RunSection.Write(html, data);
        html.Append("</main>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static string ReadStyle()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
