using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Golden;

/// <summary>How far a run may be from the reference's trace.</summary>
/// <param name="Loss">Of a loss, relative.</param>
/// <param name="Value">Of a parameter or score, absolute.</param>
/// <param name="LossFloor">Of a loss, absolute, on top.</param>
internal sealed record GoldenTolerance(double Loss, double Value, double LossFloor = 0)
{
    /// <summary>PyTorch adds in other orders: what single precision's rounding comes to (measured: 2.2e-7 and 4.2e-7).</summary>
    public static GoldenTolerance Rounding { get; } = new(2e-6, 5e-6);

    /// <summary>
    /// For a case where the reference's rounding switches a rectifier, after which it drifts from exact arithmetic: in
    /// kaggle-shape it is off double precision by at most 1.1e-7 in the first 24 steps, by up to 1.003e-5 (step 41)
    /// afterwards. Every loss is held to 1e-5 relative and the last digit of a float on top.
    /// </summary>
    public static GoldenTolerance Drift { get; } = new(1e-5, 1e-4, LossFloor: 1e-7);

    /// <summary>For a trace in double precision, from which only our own rounding can differ.</summary>
    public static GoldenTolerance Exact { get; } = new(1e-6, 1e-6);
}

/// <summary>Compares a run with the reference's trace.</summary>
internal static class GoldenComparison
{
    /// <summary>Fails the test where the run differs.</summary>
    /// <param name="golden">What the reference computed.</param>
    /// <param name="run">What we computed.</param>
    /// <param name="tolerance">How far it may differ.</param>
    public static void AssertAgrees(GoldenCase golden, GoldenRun run, GoldenTolerance tolerance)
    {
        AssertOutcome(golden, run, tolerance);

        // A step takes its rate in single precision.
        double[] rates = golden.LearningRates;
        Assert.Equal(rates.Length, run.LearningRates.Count);
        Assert.All(rates, (rate, step) => AssertClose(rate, run.LearningRates[step], 1e-7 * rate, "rate", step));

        IReadOnlyList<float[]> predictions = golden.FirstPredictions;
        for (int step = 0; step < predictions.Count; step++)
        {
            AssertValues(predictions[step], run.FirstPredictions[step], tolerance.Value, $"step {step}, prediction");
        }

        AssertEvaluations(golden, run, tolerance);
    }

    /// <summary>Fails the test where the losses or the trained parameters differ.</summary>
    /// <param name="golden">A trace, which needs to hold no more than these.</param>
    /// <param name="run">What we computed.</param>
    /// <param name="tolerance">How far it may differ.</param>
    public static void AssertOutcome(GoldenCase golden, GoldenRun run, GoldenTolerance tolerance)
    {
        float[] losses = golden.Losses;
        Assert.Equal(losses.Length, run.Losses.Count);
        Assert.All(
            losses,
            (loss, step) => AssertClose(loss, run.Losses[step], (tolerance.Loss * loss) + tolerance.LossFloor, "loss", step));
        IReadOnlyDictionary<string, float[]> final = run.Final;
        foreach ((string name, GoldenTensor expected) in golden.Final)
        {
            AssertTensor(name, expected, final[name], tolerance);
        }
    }

    private static void AssertEvaluations(GoldenCase golden, GoldenRun run, GoldenTolerance tolerance)
    {
        IReadOnlyList<GoldenEvaluation> expected = golden.Evaluations;
        Assert.Equal(expected.Count, run.Evaluations.Count);
        for (int pass = 0; pass < expected.Count; pass++)
        {
            (EvaluationMetrics metrics, float[] scores) = run.Evaluations[pass];
            Assert.Equal(expected[pass].Accuracy, metrics.Accuracy, 1e-12);
            if (expected[pass].Auc is { } auc)
            {
                Assert.NotNull(metrics.Auc);
                Assert.Equal(auc, metrics.Auc.Value, 1e-4);
            }

            AssertValues(expected[pass].Scores, scores, tolerance.Value, $"test {pass}, score");
        }
    }

    private static void AssertTensor(string name, GoldenTensor expected, float[] actual, GoldenTolerance tolerance)
    {
        if (expected.Values is not null)
        {
            AssertValues(expected.Values, actual, tolerance.Value, name);
            return;
        }

        AssertValues(expected.First, actual[..expected.First.Length], tolerance.Value, $"{name}, first value");
        AssertValues(expected.Last, actual[^expected.Last.Length..], tolerance.Value, $"{name}, last value");
        double sumTolerance = tolerance.Value * expected.AbsoluteSum;
        Assert.Equal(expected.Sum, actual.Sum(value => (double)value), sumTolerance);
        Assert.Equal(expected.AbsoluteSum, actual.Sum(value => Math.Abs((double)value)), sumTolerance);
    }

    private static void AssertValues(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            AssertClose(expected[i], actual[i], tolerance, what, i);
        }
    }

    private static void AssertClose(double expected, double actual, double tolerance, string what, int number)
        => Assert.True(
            Math.Abs(expected - actual) <= tolerance,
            $"{what} {number} is {actual:R}, the reference's {expected:R}.");
}
