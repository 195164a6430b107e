using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Reports.Tests;

public sealed class RunReportTests
{
    public static TheoryData<string> Kinds => ["complete", "empty", "one step", "one class", "not a number", "constant", "many"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_report_is_well_formed_and_draws_numbers_only(string kind)
    {
        string html = RunReport.Render(Run(kind));
        XDocument page = Parse(html);
        Assert.NotEmpty(page.Descendants("h1"));
        foreach (XAttribute attribute in page.Descendants("svg").DescendantsAndSelf().Attributes())
        {
            Assert.DoesNotContain("NaN", attribute.Value);
            Assert.DoesNotContain("∞", attribute.Value);
            Assert.DoesNotContain("Infinity", attribute.Value);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_report_is_self_contained(string kind)
    {
        string html = RunReport.Render(Run(kind));
        Assert.DoesNotContain("http:", html);
        Assert.DoesNotContain("https:", html);
        Assert.DoesNotContain("url(", html);
        Assert.DoesNotContain("@import", html);
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("src=", html);
        Assert.Contains("content=\"default-src 'none'", html);
        XElement link = Assert.Single(Parse(html).Descendants("link"));
        Assert.Equal("data:,", link.Attribute("href")!.Value); // Keeps browsers from asking for a favicon.
    }

    [Fact]
    public void Every_foreign_text_is_escaped()
    {
        const string Evil = "<script>alert('1 & \"2\"')</script>\u0001\uD800";
        EvaluationRecord undefined = Runs.Complete().Evaluations[0];
        RunReportData data = Runs.Complete() with
        {
            Title = Evil,
            Outcome = Evil,
            Loss = Evil,
            Command = Evil,
            Warnings = [Evil],
            Configuration = [new(Evil, Evil)],
            Tables = [new ReportTable(Evil, 1, 1, 4)],
            Layers = [new ReportLayer(Evil, 1, 1, 8)],
            Curves = null,
            Evaluations = [undefined with { Metrics = undefined.Metrics with { Undefined = Evil, Auc = null } }],
            Environment = new ReportEnvironment(Evil, 1, Evil, Evil, Evil, Evil),
        };
        string html = RunReport.Render(data);
        Assert.DoesNotContain("<script", html);
        XDocument page = Parse(html);
        string shown = Evil.Replace('\u0001', '\uFFFD').Replace('\uD800', '\uFFFD');
        Assert.Equal(shown, page.Descendants("h1").Single().Value);
        Assert.True(Regex.Count(page.Root!.Value, Regex.Escape(shown)) >= 14);
    }

    [Fact]
    public void Headline_shows_the_last_pass_and_names_the_best_with_its_step()
    {
        RunReportData data = Runs.Complete();
        XDocument page = Parse(RunReport.Render(data));
        EvaluationMetrics last = data.Evaluations[^1].Metrics;
        string[] tiles = [.. page.Descendants("p").Where(p => Class(p) == "value").Select(p => p.Value)];
        Assert.Equal(
            ["0.7200", "0.4800", F4(last.NormalizedEntropy!.Value), F4(last.Calibration!.Value), Percent(last.Accuracy)], tiles);
        string remark = page.Descendants("p").First(p => Class(p) == "remark").Value;
        Assert.Equal(
            $"The last of 5 test passes over 2,000 samples, after step 1,000. The best was after step 800: AUC 0.7316, log loss 0.5100, accuracy {Percent(last.Accuracy)}.",
            remark);
    }

    [Fact]
    public void Facts_tell_the_size_and_speed_of_the_run()
    {
        XDocument page = Parse(RunReport.Render(Runs.Complete()));
        Assert.Equal(
            "completed · 1 epoch · 1,000 steps · 128,000 samples · 1.5 s of training · 85,333 samples/s · 24 November 2026, 09:12",
            page.Descendants("p").Single(p => Class(p) == "facts").Value);
    }

    [Fact]
    public void All_metrics_stand_in_the_table_for_the_last_and_the_best_pass()
    {
        RunReportData data = Runs.Complete();
        XElement table = Parse(RunReport.Render(data)).Descendants("table").Single(t => Class(t) == "metrics");
        Assert.Equal(["metric", "laststep 1,000", "beststep 800", "meaning"], table.Descendants("thead").Descendants("th").Select(th => th.Value));
        var rows = table.Descendants("tbody").Elements("tr").ToDictionary(
            row => row.Element("th")!.Value, row => row.Elements("td").Select(td => td.Value).Take(2).ToArray());
        EvaluationMetrics metrics = data.Evaluations[^1].Metrics;
        Assert.Equal(["0.7200", "0.7316"], rows["AUC"]);
        Assert.Equal(["0.4800", "0.5100"], rows["log loss"]);
        Assert.Equal(F4(metrics.AveragePrecision!.Value), rows["average precision"][0]);
        Assert.Equal(F4(metrics.BaselineLogLoss!.Value), rows["log loss of the label rate"][0]);
        Assert.Equal(F4(metrics.AucStandardError!.Value), rows["AUC, standard error"][0]);
        Assert.Equal(F4(metrics.Precision!.Value), rows["precision"][0]);
        Assert.Equal(F4(metrics.Recall!.Value), rows["recall"][0]);
        Assert.Equal(F4(metrics.F1!.Value), rows["F1"][0]);
        Assert.Equal(F4(metrics.LabelRate), rows["label rate"][0]);
        Assert.Equal(["2,000", "2,000"], rows["samples"]);
    }

    [Fact]
    public void Every_interval_and_pass_can_be_read_off_the_loss_chart()
    {
        RunReportData data = Runs.Complete();
        XElement loss = Chart(Parse(RunReport.Render(data)), "Loss");
        string[] titles = [.. loss.Descendants("title").Select(title => title.Value)];
        Assert.Equal(15, titles.Length);
        Assert.Contains("step 300\ntraining loss 0.6400", titles);
        Assert.Contains("step 800\ntest loss 0.5100", titles);
    }

    [Fact]
    public void Lines_go_through_the_places_of_their_numbers()
    {
        // The x axis runs from 0 to 1,000 over 62 … 506; the first interval ends at step 100, the last at its end.
        XElement loss = Chart(Parse(RunReport.Render(Runs.Complete())), "Loss");
        string path = loss.Descendants("path").First(path => Class(path) == "line s1").Attribute("d")!.Value;
        Assert.StartsWith("M106.4 ", path);
        Assert.Contains("L506 ", path);
    }

    [Fact]
    public void Warnings_stand_at_the_top_and_only_where_there_are_some()
    {
        XDocument page = Parse(RunReport.Render(Runs.Complete()));
        XElement warnings = page.Descendants("section").First();
        Assert.Equal("warnings", Class(warnings));
        Assert.Equal("1 of 6 dense features never changed.", warnings.Descendants("li").Single().Value);
        Assert.DoesNotContain("class=\"warnings\"", RunReport.Render(Runs.Empty()));
    }

    [Fact]
    public void Parameters_and_bytes_are_listed_by_table_with_their_shares()
    {
        XDocument page = Parse(RunReport.Render(Runs.Complete()));
        Assert.Contains(page.Descendants("p"), p => p.Value == "39,856 in 155.7 KiB.");
        XElement row = page.Descendants("tr").Single(tr => tr.Element("th")?.Value == "emb_l.0");
        Assert.Equal(["1,460 × 16", "23,360", "91.3 KiB", "58.61 %"], row.Elements("td").Select(td => td.Value));
        Assert.Equal("width:58.61%", row.Descendants("i").Single().Attribute("style")!.Value);
    }

    [Fact]
    public void Of_very_many_tables_the_smaller_ones_share_a_row()
    {
        RunReportData data = Runs.Complete() with
        {
            Tables = [.. Enumerable.Range(1, 100).Select(i => new ReportTable($"emb_l.{i}", i, 4, i * 16))],
        };
        XDocument page = Parse(RunReport.Render(data));
        XElement row = page.Descendants("tr").Single(tr => tr.Element("th")?.Value == "40 smaller tables");
        Assert.Equal(["820 rows", "3,280", "12.8 KiB"], row.Elements("td").Take(3).Select(td => td.Value));
        Assert.Contains(page.Descendants("th"), th => th.Value == "emb_l.100");
        Assert.DoesNotContain(page.Descendants("th"), th => th.Value == "emb_l.40");
    }

    [Fact]
    public void The_command_is_shown_as_it_is_to_be_typed()
        => Assert.Equal(Runs.Complete().Command, Parse(RunReport.Render(Runs.Complete())).Descendants("pre").Single().Value);

    [Fact]
    public void A_run_without_tests_says_so()
    {
        string html = RunReport.Render(Runs.Complete() with { Evaluations = [], Curves = null });
        Assert.Contains("No test pass was run", html);
        Assert.DoesNotContain("The last test pass", html);
        Assert.DoesNotContain("All metrics", html);
    }

    [Fact]
    public void An_undefined_metric_is_called_undefined_and_why()
    {
        XDocument page = Parse(RunReport.Render(Run("one class")));
        Assert.Equal("undefined", page.Descendants("p").First(p => Class(p) == "value").Value);
        Assert.Contains("There are no curves to draw: all 50 labels are 0.", page.Root!.Value);
        Assert.Contains("Some metrics are undefined: all 50 labels are 0.", page.Root!.Value);
    }

    [Fact]
    public void A_rate_that_changes_gets_a_chart()
    {
        RunReportData data = Runs.Complete();
        Assert.DoesNotContain("<h3>Learning rate</h3>", RunReport.Render(data));
        data = data with { Training = [.. data.Training.Select(record => record with { LearningRate = 0.1 / record.Step })] };
        Assert.Contains("<h3>Learning rate</h3>", RunReport.Render(data));
    }

    [Fact]
    public void A_culture_with_decimal_commas_changes_nothing()
    {
        string expected = RunReport.Render(Runs.Complete());
        CultureInfo culture = CultureInfo.CurrentCulture;
        var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        commas.NumberFormat.NumberDecimalSeparator = ",";
        commas.NumberFormat.NegativeSign = "~";
        try
        {
            CultureInfo.CurrentCulture = commas;
            Assert.Equal(expected, RunReport.Render(Runs.Complete()));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void A_long_run_stays_a_small_file()
        => Assert.InRange(RunReport.Render(Run("many")).Length, 50_000, 350_000);

    [Fact]
    public void Writing_makes_the_folder_replaces_the_old_report_and_leaves_nothing_beside_it()
    {
        string folder = Directory.CreateTempSubdirectory("dlrm-report-").FullName;
        try
        {
            string path = Path.Combine(folder, "run", "report.html");
            RunReport.Write(path, Runs.Empty());
            RunReport.Write(path, Runs.Complete());
            Assert.Equal(RunReport.Render(Runs.Complete()), File.ReadAllText(path));
            Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_report_that_cannot_be_put_in_place_leaves_nothing_behind()
    {
        string folder = Directory.CreateTempSubdirectory("dlrm-report-").FullName;
        try
        {
            string path = Path.Combine(folder, "report.html");
            Directory.CreateDirectory(path); // A folder of that name is in the way.
            File.WriteAllText(Path.Combine(path, "kept"), "kept");
            Assert.ThrowsAny<Exception>(() => RunReport.Write(path, Runs.Complete()));
            Assert.Equal(path, Assert.Single(Directory.GetFileSystemEntries(folder)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static RunReportData Run(string kind)
    {
        RunReportData data = Runs.Complete();
        switch (kind)
        {
            case "complete":
                return data;
            case "empty":
                return Runs.Empty();
            case "one step":
                return data with { Training = [data.Training[0]], Evaluations = [data.Evaluations[0]], TrainingTime = null };
            case "one class":
                (EvaluationMetrics metrics, EvaluationCurves? none) = Runs.Evaluate(50, 3, oneClass: true);
                return data with
                {
                    Curves = none,
                    Evaluations = [.. data.Evaluations.Select(record => record with { Metrics = metrics, BestAuc = null, IsBest = false })],
                };
            case "not a number":
                return data with
                {
                    Training = [.. data.Training.Select((record, i) => record with { Loss = i % 3 == 0 ? double.NaN : double.PositiveInfinity })],
                    Evaluations = [.. data.Evaluations.Select(record => record with { Loss = double.NaN })],
                };
            case "constant":
                using (var accumulator = new MetricsAccumulator())
                {
                    accumulator.Add([0, 0, 0, 0], [0, 1, 0, 0]);
                    return data with
                    {
                        Training = [.. data.Training.Select(record => record with { Loss = 0, MillisecondsPerStep = 0, LearningRate = 0 })],
                        Curves = accumulator.ComputeCurves(),
                        Evaluations = [.. data.Evaluations.Select(record => record with { Metrics = accumulator.Compute(), Loss = 0 })],
                    };
                }

            default:
                return data with
                {
                    Training = [.. Enumerable.Range(1, 50_000).Select(i => new TrainRecord(i, i, 50_000, 0, 1.0 / i, 1, 0.1, i * 128L))],
                    Evaluations = [.. Enumerable.Range(1, 500).Select(i => data.Evaluations[0] with { Step = i * 100 })],
                };
        }
    }

    private static XDocument Parse(string html)
    {
        using var reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader, LoadOptions.PreserveWhitespace);
    }

    private static XElement Chart(XDocument page, string heading)
        => page.Descendants("figure").Single(figure => figure.Descendants("h3").Single().Value == heading).Element("svg")!;

    private static string? Class(XElement element) => element.Attribute("class")?.Value;

    private static string F4(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture) + " %";
}
