using System.Text;
using Dlrm.Reports.Charts;
using Dlrm.Training;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Sections;

/// <summary>What changed over the steps: loss, AUC, log loss, speed, learning rate.</summary>
internal static class TrainingSection
{
    private const int MostPoints = 240;
    private const int MostLosses = 120; // Fewer than could be told apart: joined intervals are less noisy.
    private const int MostDots = 60;

    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, RunReportData data)
    {
        html.Append("<section>\n<h2>Over the steps</h2>\n<div class=\"cards\">\n");
        WriteLoss(html, data);
        WriteMetric(
            html, data, "AUC", "test passes, ± one standard error", metrics => metrics.Auc, metrics => metrics.AucStandardError);
        WriteMetric(html, data, "Log loss", "test passes", metrics => metrics.LogLoss, _ => null);
        WriteSpeed(html, data);
        WriteLearningRate(html, data);
        html.Append("</div>\n</section>\n");
    }

    private static void WriteLoss(StringBuilder html, RunReportData data)
    {
        IReadOnlyList<LossPoint> training = LossHistory.Reduce(data.Training, MostLosses);
        bool reduced = training.Count < data.Training.Count(record => double.IsFinite(record.Loss));
        EvaluationRecord[] tests = [.. Drawn(data).Where(record => double.IsFinite(record.Loss))];
        var series = new List<LineSeries>
        {
            new("s1", [.. training.Select(point => new ChartPoint(point.Step, point.Mean, TrainingTitle(point, reduced)))])
            {
                Band = reduced ? [.. training.Select(point => ((double)point.Step, point.Low, point.High))] : [],
            },
        };
        if (tests.Length > 0)
        {
            series.Add(new LineSeries(
                "s2", [.. tests.Select(test => new ChartPoint(test.Step, test.Loss, Title(test.Step, "test loss", test.Loss)))])
            {
                Dotted = tests.Length <= MostDots,
            });
        }

        var chart = new LineChart { Description = "Loss over the steps", XTitle = "step", Series = series };
        string note = reduced ? $"{data.Loss}; band: least to greatest interval" : $"{data.Loss}, mean of each interval";
        Card.Write(html, "Loss", note, tests.Length > 0 ? [("s1", "training"), ("s2", "test")] : [], chart.Render());
    }

    /// <summary>The test passes, or, of very many, every n-th, with the best and the last.</summary>
    private static IEnumerable<EvaluationRecord> Drawn(RunReportData data)
    {
        int every = Every(data.Evaluations.Count);
        return data.Evaluations.Where((record, index) => index % every == 0 || record == data.Last || record == data.Best);
    }

    private static int Every(int count) => Math.Max(1, (count + MostPoints - 1) / MostPoints);

    private static string Title(long step, string name, double? value) => $"step {Count(step)}\n{name} {Metric(value)}";

    private static string TrainingTitle(LossPoint point, bool reduced)
    {
        string title = Title(point.Step, "training loss", point.Mean);
        return reduced ? $"{title}\n{Metric(point.Low)} to {Metric(point.High)}" : title;
    }

    private static void WriteMetric(
        StringBuilder html,
        RunReportData data,
        string name,
        string note,
        Func<EvaluationMetrics, double?> value,
        Func<EvaluationMetrics, double?> error)
    {
        EvaluationRecord[] tests = [.. Drawn(data).Where(record => value(record.Metrics) is not null)];
        if (tests.Length < 2)
        {
            return; // One number is no curve, and the headline has it.
        }

        ChartPoint[] points =
        [
            .. tests.Select(test => new ChartPoint(
                test.Step, value(test.Metrics)!.Value, Title(test.Step, name, value(test.Metrics)))),
        ];
        int best = Array.FindIndex(tests, test => test == data.Best);
        double? baseline = name == "Log loss" ? tests[^1].Metrics.BaselineLogLoss : null;
        var chart = new LineChart
        {
            Description = $"{name} of each test pass over the steps",
            XTitle = "step",
            Series =
            [
                new LineSeries("s2", points)
                {
                    Dotted = points.Length <= MostDots,
                    Ringed = best >= 0 ? points[best] : null,
                    Band =
                    [
                        .. tests.Where(test => error(test.Metrics) is not null).Select(test => (
                            (double)test.Step,
                            value(test.Metrics)!.Value - error(test.Metrics)!.Value,
                            value(test.Metrics)!.Value + error(test.Metrics)!.Value)),
                    ],
                },
            ],
            Level = baseline is { } level ? (level, "label rate alone") : null,
        };
        Card.Write(html, name, best >= 0 ? $"{note}; ring: the best pass" : note, [], chart.Render());
    }

    private static void WriteSpeed(StringBuilder html, RunReportData data)
    {
        var points = new List<ChartPoint>();
        int together = Every(data.Training.Count);
        double milliseconds = 0;
        (long Step, long Samples) drawn = (0, 0);
        long before = 0;
        for (int index = 0; index < data.Training.Count; index++)
        {
            TrainRecord record = data.Training[index];
            milliseconds += record.MillisecondsPerStep * (record.Step - before);
            before = record.Step;
            if ((index + 1) % together == 0 || index == data.Training.Count - 1)
            {
                if (milliseconds > 0 && record.Samples > drawn.Samples)
                {
                    double speed = (record.Samples - drawn.Samples) / (milliseconds / 1000);
                    points.Add(new ChartPoint(
                        record.Step,
                        speed,
                        $"step {Count(record.Step)}\n{Count((long)speed)} samples/s"
                        + $"\n{Metric(milliseconds / (record.Step - drawn.Step))} ms a step"));
                }

                (drawn, milliseconds) = ((record.Step, record.Samples), 0);
            }
        }

        if (points.Count > 0)
        {
            double highest = points.Max(point => point.Y);
            var chart = new LineChart
            {
                Description = "Samples a second over the steps",
                XTitle = "step",
                Series = [new LineSeries("s3", points)],
                Y = AxisTicks.Around(0, highest, 5),
                YLabel = ShortCount,
            };
            Card.Write(html, "Speed", "training samples a second", [], chart.Render());
        }
    }

    private static void WriteLearningRate(StringBuilder html, RunReportData data)
    {
        if (data.Training.Select(record => record.LearningRate).Distinct().Count() < 2)
        {
            return;
        }

        int every = Every(data.Training.Count);
        ChartPoint[] points =
        [
            .. data.Training.Where((_, index) => index % every == 0 || index == data.Training.Count - 1).Select(
                record => new ChartPoint(
                    record.Step, record.LearningRate, Title(record.Step, "learning rate", record.LearningRate))),
        ];
        var chart = new LineChart
        {
            Description = "Learning rate over the steps",
            XTitle = "step",
            Series = [new LineSeries("s3", points)],
            Y = AxisTicks.Around(0, points.Max(point => point.Y), 5),
        };
        Card.Write(html, "Learning rate", "at each interval's last step", [], chart.Render());
    }
}
