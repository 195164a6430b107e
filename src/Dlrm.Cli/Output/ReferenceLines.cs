using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>What the reference's lines depend on.</summary>
internal sealed record ReferenceLineOptions
{
    /// <summary>Lines hold the time of a step, not −1.00 (<c>--print-time</c>).</summary>
    public bool PrintTime { get; init; }

    /// <summary>Lines end with the time of day (<c>--print-wall-time</c>).</summary>
    public bool PrintWallTime { get; init; }

    /// <summary>Tests print the long line (<c>--mlperf-logging</c>).</summary>
    public bool Mlperf { get; init; }

    /// <summary>Accuracy of the last test of the run that is gone on with, which the reference compares each test with.</summary>
    public double BestAccuracy { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>As the options say.</summary>
    public static ReferenceLineOptions From(OptionValues values) => new()
    {
        PrintTime = values.Get(TrainOptions.PrintTime),
        PrintWallTime = values.Get(TrainOptions.PrintWallTime),
        Mlperf = values.Get(TrainOptions.MlperfLogging),
    };
}

/// <summary>Prints the lines of the reference, to the character, so that scripts that read them go on working.</summary>
/// <remarks>
/// The reference never carries the best accuracy and AUC from one test to the next: what it prints as best is the test's
/// own value, and with --mlperf-logging a best accuracy of zero; after --load-model=x.pt, the better of that file's and the test's
/// own, and the file's. These lines keep that; the summary at a run's end,
/// metrics.jsonl and the report have the true best.
/// </remarks>
internal sealed class ReferenceLines(TextWriter output, ReferenceLineOptions options) : TrainingObserver
{
    /// <summary>Before the first step.</summary>
    public override void Started(TrainingPlan plan) => output.WriteLine("time/loss/accuracy (if enabled):");

    public override void Trained(TrainRecord record)
    {
        string time = PythonFormat.Fixed(options.PrintTime ? record.MillisecondsPerStep : -1, 2);
        string wall = options.PrintWallTime
            ? options.Clock.GetLocalNow().ToString(" (HH':'mm)", CultureInfo.InvariantCulture)
            : "";
        output.WriteLine(
            $"Finished training it {record.Iteration}/{record.BatchesPerEpoch} of epoch {record.Epoch}, {time} ms/it, "
            + $"loss {PythonFormat.Fixed(record.Loss, 6)}{wall}");
    }

    public override void Testing(TrainRecord record) =>
        output.WriteLine($"Testing at - {record.Iteration}/{record.BatchesPerEpoch} of epoch {record.Epoch},");

    public override void Evaluated(EvaluationRecord record) => Scored(record.Metrics);

    /// <summary>The line after a test pass.</summary>
    public void Scored(EvaluationMetrics metrics)
    {
        string accuracy = PythonFormat.Fixed(metrics.Accuracy * 100, 3);
        if (!options.Mlperf)
        {
            string best = PythonFormat.Fixed(Math.Max(metrics.Accuracy, options.BestAccuracy) * 100, 3);
            output.WriteLine($" accuracy {accuracy} %, best {best} %");
            return;
        }

        output.WriteLine(
            $"recall {Four(metrics.Recall)}, precision {Four(metrics.Precision)}, f1 {Four(metrics.F1)}, "
            + $"ap {Four(metrics.AveragePrecision)}, auc {Four(metrics.Auc)}, best auc {Four(metrics.Auc)}, "
            + $"accuracy {accuracy} %, best accuracy {PythonFormat.Fixed(options.BestAccuracy * 100, 3)} %");
    }

    private static string Four(double? value) => value is { } defined ? PythonFormat.Fixed(defined, 4) : "undefined";
}
