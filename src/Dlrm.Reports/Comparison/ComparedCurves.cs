using System.Text;
using Dlrm.Reports.Charts;
using Dlrm.Reports.Recorded;
using Dlrm.Reports.Sections;
using Dlrm.Training;
using static Dlrm.Reports.NumberText;

namespace Dlrm.Reports.Comparison;

/// <summary>What changed as the runs went on, over steps, samples or time: the reader picks, without a script.</summary>
internal static class ComparedCurves
{
    private const int MostPoints = 80; // Times three axes, times the runs: the page stays small.

    /// <summary>Writes the section.</summary>
    public static void Write(StringBuilder html, IReadOnlyList<ComparedRun> runs)
    {
        html.Append("<section>\n<h2>As the runs went on</h2>\n<div class=\"switch\">\n");
        CurveAxis[] axes = Axes(runs);
        foreach (CurveAxis axis in axes)
        {
            string chosen = axis == axes[0] ? " checked=\"checked\"" : "";
            html.Append($"<input type=\"radio\" name=\"over\" id=\"over-{axis.Name}\"{chosen}/>");
            html.Append($"<label for=\"over-{axis.Name}\">over {axis.Name}</label>\n");
        }

        foreach (CurveAxis axis in axes)
        {
            html.Append($"<div class=\"cards over-{axis.Name}\">\n");
            WriteAxis(html, runs, axis);
            html.Append("</div>\n");
        }

        html.Append("</div>\n</section>\n");
    }

    /// <summary>What the horizontal axis can be; time in the unit that suits the longest run.</summary>
    private static CurveAxis[] Axes(IReadOnlyList<ComparedRun> runs)
    {
        double longest = runs.Max(run => run.Run.TrainingMilliseconds) / 1000;
        (double unit, string name) = longest < 120 ? (1, "seconds") : longest < 7200 ? (60, "minutes") : (3600, "hours");
        return
        [
            new("steps", "step", (step, _, _) => step),
            new("samples", "training samples", (_, samples, _) => samples),
            new("time", $"{name} in training steps", (_, _, milliseconds) => milliseconds / 1000 / unit),
        ];
    }

    private static void WriteAxis(StringBuilder html, IReadOnlyList<ComparedRun> runs, CurveAxis axis)
    {
        WriteCard(html, runs, axis, "Training loss", "mean of the intervals", run => TrainingLoss(run, axis));
        WriteCard(html, runs, axis, "AUC", "test passes", run => Tests(run, axis, "AUC", record => record.Metrics.Auc));
        WriteCard(html, runs, axis, "Log loss", "test passes", run => Tests(run, axis, "log loss", record => record.Metrics.LogLoss));
        WriteCard(html, runs, axis, "Calibration", "test passes; 1 is right", run => Tests(run, axis, "calibration", record => record.Metrics.Calibration), 1);
        if (runs.Any(run => run.Run.Training.Select(record => record.LearningRate).Distinct().Skip(1).Any()))
        {
            WriteCard(html, runs, axis, "Learning rate", "at each interval’s last step", run => LearningRate(run, axis));
        }

        WriteCard(html, runs, axis, "Speed", "training samples a second", run => Speed(run, axis), 0);
    }

    private static void WriteCard(
        StringBuilder html,
        IReadOnlyList<ComparedRun> runs,
        CurveAxis axis,
        string name,
        string note,
        Func<ComparedRun, ChartPoint[]> points,
        double? include = null)
    {
        (ComparedRun Run, ChartPoint[] Points)[] drawn = [.. runs.Select(run => (run, points(run))).Where(pair => pair.Item2.Length > 0)];
        double[] values = [.. drawn.SelectMany(pair => pair.Points).Select(point => point.Y).Where(double.IsFinite)];
        if (values.Length == 0)
        {
            return;
        }

        double last = drawn.SelectMany(pair => pair.Points).Max(point => point.X);
        var chart = new LineChart
        {
            Description = $"{name} over {axis.Name}",
            XTitle = axis.Title,
            X = AxisTicks.Exactly(0, last, 5, whole: axis.Name != "time"),
            XLabel = axis.Name == "time" ? null : ShortCount,
            Y = AxisTicks.Around(Math.Min(values.Min(), include ?? double.MaxValue), Math.Max(values.Max(), include ?? double.MinValue), 5),
            YLabel = name == "Speed" ? ShortCount : null,
            Level = include is 1 ? (1, "calibrated") : null,
            Series = [.. drawn.Select(pair => new LineSeries(pair.Run.Style, pair.Points) { Dotted = pair.Points.Length <= 12 })],
        };
        Card.Write(html, name, note, ComparedRun.Legend(drawn.Select(pair => pair.Run)), chart.Render());
    }

    private static ChartPoint[] TrainingLoss(ComparedRun compared, CurveAxis axis)
    {
        IReadOnlyList<LossPoint> losses = LossHistory.Reduce(compared.Run.Training, MostPoints);
        return [.. losses.Select(point => Point(compared, axis, point.Step, "loss", point.Mean, Metric(point.Mean)))];
    }

    private static ChartPoint[] Tests(ComparedRun compared, CurveAxis axis, string name, Func<EvaluationRecord, double?> value)
    {
        IReadOnlyList<EvaluationRecord> tests = compared.Run.Evaluations;
        int every = Every(tests.Count);
        return
        [
            .. tests.Where((record, index) => value(record) is not null && (index % every == 0 || index == tests.Count - 1))
                .Select(record => Point(compared, axis, record.Step, name, value(record)!.Value, Metric(value(record)))),
        ];
    }

    private static ChartPoint[] LearningRate(ComparedRun compared, CurveAxis axis)
    {
        IReadOnlyList<TrainRecord> records = compared.Run.Training;
        int every = Every(records.Count);
        return
        [
            .. records.Where((_, index) => index % every == 0 || index == records.Count - 1).Select(record => Point(
                compared, axis, record.Step, "learning rate", record.LearningRate, Metric(record.LearningRate))),
        ];
    }

    private static ChartPoint[] Speed(ComparedRun compared, CurveAxis axis)
    {
        RecordedRun run = compared.Run;
        var points = new List<ChartPoint>();
        int together = Every(run.Training.Count);
        (double Milliseconds, long Samples) before = (0, 0);
        for (int index = together - 1; index < run.Training.Count; index += together)
        {
            (double Milliseconds, long Samples) now = (run.Times[index], run.Training[index].Samples);
            if (now.Milliseconds > before.Milliseconds && now.Samples > before.Samples)
            {
                double speed = (now.Samples - before.Samples) / ((now.Milliseconds - before.Milliseconds) / 1000);
                points.Add(Point(compared, axis, run.Training[index].Step, "samples/s", speed, Count((long)speed)));
            }

            before = now;
        }

        return [.. points];
    }

    private static ChartPoint Point(ComparedRun compared, CurveAxis axis, long step, string name, double value, string text)
    {
        (long samples, double milliseconds) = At(compared.Run, step);
        return new ChartPoint(
            axis.Of(step, samples, milliseconds), value, $"{compared.Letter}: {compared.Run.Name}\nstep {Count(step)}\n{name} {text}");
    }

    /// <summary>Samples and time after a step, by the interval that ends there or last before.</summary>
    private static (long Samples, double Milliseconds) At(RecordedRun run, long step)
    {
        int low = 0;
        int high = run.Training.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = run.Training[middle].Step <= step ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? (0, 0) : (run.Training[low - 1].Samples, run.Times[low - 1]);
    }

    private static int Every(int count) => Math.Max(1, (count + MostPoints - 1) / MostPoints);

    /// <summary>A horizontal axis: its name, its title and a point's place on it by step, samples and milliseconds.</summary>
    private sealed record CurveAxis(string Name, string Title, Func<long, long, double, double> Of);
}
