using System.Reflection;
using System.Text;

namespace Dlrm.Reports;

/// <summary>What all pages share: head, style, and how a file of them is written.</summary>
internal static class ReportPage
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    private static readonly string s_style = ReadStyle();

    /// <summary>Writes a page, whole or not at all: beside the target, then renamed over it.</summary>
    /// <param name="path">The file; its folder is made if it is missing.</param>
    /// <param name="text">The page.</param>
    public static void Write(string path, string text)
    {
        string target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        string temporary = $"{target}.tmp-{Guid.NewGuid():N}";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
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

    /// <summary>Everything before a page's own content.</summary>
    public static void Begin(StringBuilder html, string title)
    {
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        html.Append("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
        html.Append($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\"/>\n");
        html.Append("<link rel=\"icon\" href=\"data:,\"/>\n");
        html.Append($"<title>{HtmlText.Escape(title)} · Dlrm.NET</title>\n");
        html.Append($"<style>\n{s_style}</style>\n</head>\n<body>\n<main>\n");
    }

    /// <summary>Everything after it.</summary>
    public static void End(StringBuilder html) => html.Append("</main>\n</body>\n</html>\n");

    private static string ReadStyle()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
