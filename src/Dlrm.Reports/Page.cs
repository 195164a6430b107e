using System.Reflection;
using System.Text;
using static Dlrm.Reports.HtmlText;

namespace Dlrm.Reports;

/// <summary>The frame of a page that needs nothing else and forbids itself to load anything.</summary>
internal static class Page
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    private static readonly string s_style = ReadStyle();

    /// <summary>Everything before the first section.</summary>
    public static void Begin(StringBuilder html, string title)
    {
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        html.Append("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
        html.Append($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\"/>\n");
        html.Append("<link rel=\"icon\" href=\"data:,\"/>\n");
        html.Append($"<title>{Escape(title)} · Dlrm.NET</title>\n");
        html.Append($"<style>\n{s_style}</style>\n</head>\n<body>\n<main>\n");
    }

    /// <summary>Everything after the last section.</summary>
    /// <returns>The page.</returns>
    public static string End(StringBuilder html) => html.Append("</main>\n</body>\n</html>\n").ToString();

    private static string ReadStyle()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
