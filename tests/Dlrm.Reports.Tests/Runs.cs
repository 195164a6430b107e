using Dlrm.Training;

namespace Dlrm.Reports.Tests;

/// <summary>Runs to report on: small, complete, and each thinner than the one before.</summary>
internal static class Runs
{
    public static readonly ReportEnvironment Environment = new("0.1.0", 2, "Avx512", "Debian GNU/Linux 12", ".NET 10.0", "X64, 2 cores");

    /// <summary>Ten intervals and five test passes, the fourth the best.</summary>
    public static RunReportData Complete()
    {
        var training = new List<TrainRecord>();
        for (int i = 1; i <= 10; i++)
        {
            training.Add(new TrainRecord(i * 100, i * 100, 1000, 0, 0.7 - (0.02 * i), 1.5, 0.1, i * 12800));
        }

        (EvaluationMetrics metrics, EvaluationCurves? curves) = Evaluate(2000, seed: 1);
        var evaluations = new List<EvaluationRecord>();
        double[] aucs = [0.61, 0.66, 0.69, 0.7316, 0.72];
        for (int i = 0; i < aucs.Length; i++)
        {
            evaluations.Add(new EvaluationRecord(
                (i + 1) * 200, (i + 1) * 200, 1000, 0, metrics with { Auc = aucs[i], LogLoss = 0.6 - (0.03 * i) },
                0.6 - (0.03 * i), 0.8, aucs.Take(i + 1).Max(), i < 4));
        }

        return new RunReportData
        {
            Title = "Adult census income",
            Started = new DateTimeOffset(2026, 11, 24, 9, 12, 0, TimeSpan.Zero),
            TrainingTime = TimeSpan.FromSeconds(1.5),
            Loss = "bce",
            Training = training,
            Evaluations = evaluations,
            Curves = curves,
            Tables = [new ReportTable("emb_l.0", 1460, 16, 93440), new ReportTable("emb_l.1", 583, 16, 37312)],
            Layers = [new ReportLayer("bot_l.0", 13, 512, 28672)],
            Configuration = [new("learning-rate", "0.1"), new("numpy-rand-seed", "727")],
            Command = "dlrm train --learning-rate=0.1 --numpy-rand-seed=727",
            Warnings = ["1 of 6 dense features never changed."],
            Environment = Environment,
        };
    }

    /// <summary>No step, no test, no table, no option.</summary>
    public static RunReportData Empty() => new()
    {
        Title = "nothing",
        Loss = "mse",
        Training = [],
        Evaluations = [],
        Tables = [],
        Configuration = [],
        Command = "dlrm train",
        Environment = Environment,
    };

    /// <summary>Metrics and curves of drawn samples; of one class alone where <paramref name="oneClass"/>.</summary>
    public static (EvaluationMetrics Metrics, EvaluationCurves? Curves) Evaluate(int samples, int seed, bool oneClass = false)
    {
        var random = new System.Random(seed);
        using var accumulator = new MetricsAccumulator();
        for (int sample = 0; sample < samples; sample++)
        {
            float score = random.NextSingle();
            accumulator.Add([score], [!oneClass && random.NextSingle() < score ? 1 : 0]);
        }

        return (accumulator.Compute(), accumulator.ComputeCurves());
    }
}
