using System.Diagnostics;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Dlrm.Reports.Recorded;
using Dlrm.Reports.Tests.Recorded;
using Xunit;

namespace Dlrm.Reports.Tests;

public sealed class ComparisonReportTests : IDisposable
{
    private const string Chromium = "/usr/bin/chromium";

    private readonly RunFolders _runs = new();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(30)]
    public void The_page_is_well_formed_and_asks_for_nothing(int count)
    {
        string html = Render(count);
        XDocument page = Parse(html);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Descendants(), element => element.Attribute("src") is not null);
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
        Assert.Equal(3, page.Descendants("input").Count(input => input.Attribute("type")?.Value == "radio"));
        Assert.Equal(
            ["Training loss", "AUC", "Log loss", "Calibration", "Speed"],
            Group(page, "over-time").Descendants("h3").Select(heading => heading.Value));
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_run_has_a_line_in_every_chart_and_a_row_in_every_table()
    {
        XDocument page = Parse(Render(3));
        foreach (XElement figure in page.Descendants("figure").Where(figure => !figure.Value.Contains("Scores of", StringComparison.Ordinal)))
        {
            Assert.Equal(["A", "B", "C"], figure.Descendants("li").Select(item => item.Value));
        }

        Assert.Equal(3, page.Descendants("h3").Count(heading => heading.Value.StartsWith("Scores of", StringComparison.Ordinal)));
        Assert.Equal(2, page.Descendants("th").Count(cell => cell.Value == "B run1")); // Overview and cost.
    }

    [Fact]
    public void The_best_test_is_the_one_with_the_highest_AUC()
    {
        string folder = _runs.Add("a");
        File.AppendAllLines(Path.Combine(folder, "metrics.jsonl"), [RunFolders.Test(110, 0.65)]);
        XDocument page = Parse(ComparisonReport.Render([RunFolderReader.Read(folder)], []));
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "0.7000 step 100");
    }

    [Fact]
    public void Only_settings_that_differ_are_listed()
    {
        string same = ComparisonReport.Render([Read("a", "sgd"), Read("b", "sgd")], []);
        Assert.Contains("Nothing: the runs were set up alike.", same, StringComparison.Ordinal);
        XDocument page = Parse(ComparisonReport.Render([Read("a", "sgd"), Read("b", "adam")], []));
        XElement row = page.Descendants("tr").Single(row => row.Element("th")?.Value == "--optimizer");
        Assert.Equal(["sgd", "adam"], row.Elements("td").Select(cell => cell.Value));
        Assert.DoesNotContain(page.Descendants("th"), cell => cell.Value == "--learning-rate");
    }

    [Fact]
    public void Calibration_has_a_whisker_for_every_bin_of_every_run()
    {
        XDocument page = Parse(Render(2));
        XElement chart = page.Descendants("figure").Last(figure => figure.Descendants("h3").Single().Value == "Calibration");
        int bins = RunFolders.Curves().Curves!.Calibration.Count;
        Assert.Equal(2 * bins, chart.Descendants("path").Count(path => path.Attribute("class")!.Value.StartsWith("whisker", StringComparison.Ordinal)));
    }

    [Fact]
    public void Slices_are_tables_with_the_runs_side_by_side()
    {
        XDocument page = Parse(Render(2));
        XElement row = page.Descendants("tr").Single(row => row.Element("th")?.Value == "Private & co");
        Assert.Equal(2 + (2 * 3), row.Elements("td").Count());
        string auc = RunFolders.Curves().Slices[0].Slices[0].Slice.Metrics.Auc!.Value.ToString("0.0000", CultureInfo.InvariantCulture);
        Assert.Equal(auc, row.Elements("td").ElementAt(2).Value);
        XElement none = page.Descendants("tr").Single(row => row.Element("th")?.Value == "(none)");
        Assert.Equal("–", none.Elements("td").ElementAt(2).Value); // One class: no AUC.
    }

    [Fact]
    public void Runs_on_data_with_groups_are_compared_by_group()
    {
        XElement table = Parse(Render(2)).Descendants("table").First();
        int column = table.Element("thead")!.Descendants("th").Select(head => head.Value).ToList().IndexOf("AUC by group");
        Assert.All(
            table.Element("tbody")!.Elements("tr"),
            row => Assert.Equal("0.7123", row.Elements().ElementAt(column).Value));
    }

    [Fact]
    public void Time_and_samples_are_those_of_the_steps()
    {
        XDocument page = Parse(Render(1));
        string[] samples = Circles(page, "over-samples");
        Assert.Equal(Circles(page, "over-steps"), samples); // 128 samples a step: the same shape.
        Assert.Contains("0.20", Group(page, "over-time").Descendants("text").Select(text => text.Value)); // 100 steps of 2 ms, in seconds.

        static string[] Circles(XDocument page, string group) => [.. Group(page, group).Descendants("circle").Select(circle => circle.Attribute("cx")!.Value)];
    }

    [Fact]
    public void Warnings_and_remarks_stand_at_the_top()
    {
        RecordedRun old = RunFolderReader.Read(_runs.Add("old", curves: false));
        XDocument page = Parse(ComparisonReport.Render([Read("a", "sgd"), old], ["runs/x: there is no such folder."]));
        XElement section = page.Descendants("section").First();
        Assert.Equal(2, section.Descendants("li").Count());
        Assert.StartsWith("old: there is no curves.json", section.Descendants("li").Last().Value, StringComparison.Ordinal);
        Assert.Contains("No curves: B.", page.Root!.Value, StringComparison.Ordinal);
    }

    /// <summary>At 390 pixels, as a phone: what Chromium lays out must not be wider than the screen.</summary>
    [Fact]
    public void Nothing_overflows_a_phone()
    {
        if (!File.Exists(Chromium))
        {
            Assert.Skip("There is no chromium here.");
        }

        // The probe measures inside a frame as wide as a phone: headless windows are not made that narrow.
        string page = _runs["page.html"];
        string probe = _runs["probe.html"];
        File.WriteAllText(page, Render(3).Replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';", StringComparison.Ordinal)
            .Replace("</body>", "<script>parent.postMessage(document.documentElement.scrollWidth, '*')</script></body>", StringComparison.Ordinal));
        File.WriteAllText(probe, """
            <body><iframe src="page.html" width="390" height="800" style="border:0"></iframe>
            <script>addEventListener('message', e => document.title = 'width ' + e.data)</script></body>
            """);
        string dom = Run(Chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=4000",
            $"--user-data-dir={_runs["profile"]}", "--dump-dom", new Uri(probe).AbsoluteUri);
        Assert.Contains("<title>width 390</title>", dom, StringComparison.Ordinal);
    }

    public void Dispose() => _runs.Dispose();

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    private static XElement Group(XDocument page, string name) =>
        page.Descendants("div").Single(element => element.Attribute("class")?.Value == $"cards {name}");

    private static XDocument Parse(string html)
    {
        using var reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader, LoadOptions.PreserveWhitespace);
    }

    private string Render(int count) =>
        ComparisonReport.Render([.. Enumerable.Range(0, count).Select(number => Read($"run{number}", number == 0 ? "sgd" : "adam"))], []);

    private RecordedRun Read(string name, string optimizer) => RunFolderReader.Read(_runs.Add(name, optimizer));
}
