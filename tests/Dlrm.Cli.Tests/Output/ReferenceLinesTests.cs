using System.Globalization;
using System.Text.RegularExpressions;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Tests.Golden;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

public partial class ReferenceLinesTests
{
    private static readonly string[] NoTraining = ["load-infer", "load-infer-q8", "load-infer-q4", "bad-dim", "bad-op"];

    public static TheoryData<string> Cases() =>
        [.. GoldenCase.All.Select(item => item.Name).Where(name => !NoTraining.Contains(name))];

    /// <summary>Feeds the losses and metrics of a golden trace to the printer, in the order of the training loop.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_lines_are_the_references_to_the_character(string name)
    {
        GoldenCase item = GoldenCase.Find(name);
        OptionValues values = KnownPart(item.Arguments);
        var output = new StringWriter { NewLine = "\n" };
        var lines = new ReferenceLines(
            output, new ReferenceLineOptions { Mlperf = values.Get(TrainOptions.MlperfLogging) });
        int epochs = values.GetInt(TrainOptions.Epochs);
        int steps = item.Losses.Length / epochs;
        int printEvery = values.GetInt(TrainOptions.PrintFrequency);
        int testEvery = values.GetInt(TrainOptions.TestFrequency);
        var evaluations = new Queue<EvaluationMetrics>(Evaluations(item));
        double sum = 0;
        double samples = 0;
        for (int step = 1; step <= item.Losses.Length; step++)
        {
            int iteration = ((step - 1) % steps) + 1;
            double size = item.Sizes?[step - 1] ?? 1;
            sum += item.Losses[step - 1] * size;
            samples += size;
            bool test = testEvery > 0 && (iteration % testEvery == 0 || iteration == steps);
            if (!test && iteration % printEvery != 0 && iteration != steps)
            {
                continue;
            }

            var record = new TrainRecord(step, iteration, steps, (step - 1) / steps, sum / samples, 3.25, 0.1, step);
            (sum, samples) = (0, 0);
            lines.Trained(record);
            if (test)
            {
                lines.Testing(record);
                lines.Scored(evaluations.Dequeue());
            }
        }

        Assert.Equal(item.Lines, output.ToString().TrimEnd('\n').Split('\n'));
        Assert.Empty(evaluations);
    }

    [Fact]
    public void The_time_of_a_step_and_of_day_are_printed_when_asked_for()
    {
        var output = new StringWriter { NewLine = "\n" };
        var clock = new FixedClock(new DateTimeOffset(2026, 3, 4, 7, 8, 9, TimeSpan.Zero));
        var lines = new ReferenceLines(
            output, new ReferenceLineOptions { PrintTime = true, PrintWallTime = true, Clock = clock });
        lines.Trained(new TrainRecord(3, 3, 10, 0, 0.5, 12.345678, 0.1, 3));
        Assert.Equal("Finished training it 3/10 of epoch 0, 12.35 ms/it, loss 0.500000 (07:08)\n", output.ToString());
    }

    [Fact]
    public void An_undefined_metric_is_said_to_be()
    {
        var output = new StringWriter { NewLine = "\n" };
        var lines = new ReferenceLines(output, new ReferenceLineOptions { Mlperf = true });
        lines.Scored(Metrics(0.5) with { Auc = null, AveragePrecision = null });
        Assert.Contains(" ap undefined, auc undefined, best auc undefined,", output.ToString(), StringComparison.Ordinal);
    }

    internal static EvaluationMetrics Metrics(double accuracy) => new()
    {
        Samples = 100,
        LabelRate = 0.25,
        MeanScore = 0.3,
        LogLoss = 0.5,
        Accuracy = accuracy,
        Auc = 0.75,
        AveragePrecision = 0.6,
        Precision = 0.5,
        Recall = 0.4,
        F1 = 0.45,
        NormalizedEntropy = 0.9,
        Calibration = 1.2,
    };

    /// <summary>Accuracy and AUC as recorded; the metrics that were not, from the printed line's own four digits.</summary>
    private static IEnumerable<EvaluationMetrics> Evaluations(GoldenCase item)
    {
        string[] printed = [.. item.Lines.Where(line => line.StartsWith("recall", StringComparison.Ordinal))];
        for (int i = 0; i < item.Evaluations.Length; i++)
        {
            EvaluationMetrics metrics = Metrics(item.Evaluations[i].Accuracy);
            if (printed.Length > 0)
            {
                double[] numbers =
                [
                    .. DecimalNumber().Matches(printed[i]).Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture)),
                ];
                metrics = metrics with
                {
                    Recall = numbers[0],
                    Precision = numbers[1],
                    F1 = numbers[2],
                    AveragePrecision = numbers[3],
                    Auc = item.Evaluations[i].Auc,
                };
            }

            yield return metrics;
        }
    }

    /// <summary>The options of this version; a later one changes no line.</summary>
    private static OptionValues KnownPart(string[] arguments)
    {
        var known = new List<string>();
        foreach (string argument in arguments)
        {
            try
            {
                CommandLineTests.Parse(argument);
                known.Add(argument);
            }
            catch (UsageException)
            {
                Assert.DoesNotContain("-freq", argument, StringComparison.Ordinal);
            }
        }

        return CommandLineTests.Parse([.. known]);
    }

    [GeneratedRegex(@"\d+\.\d+")]
    private static partial Regex DecimalNumber();

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
