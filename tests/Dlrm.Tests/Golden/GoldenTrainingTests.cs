using Dlrm.Data;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Golden;

public sealed class GoldenTrainingTests
{
    public static TheoryData<string> Cases { get; } =
    [
        "readme", "readme-seed7", "dot", "dot-itself", "cat", "bce", "wbce", "bce-threshold", "sgd-bce-long", "ragged-last",
        "lookups-fixed", "gaussian", "lr-policy", "eval", "mlperf-eval", "epochs", "kaggle-shape",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_gives_the_numbers_of_the_reference(string name)
    {
        var golden = GoldenCase.Load(name);
        RandomDataOptions options = golden.RandomData();
        var random = new NumpyRandom(options.Seed);
        using var engine = new Engine(threads: 1);
        using GoldenRun run = GoldenRun.Train(
            golden, engine, new RandomBatchSource(options, random), new RandomBatchSource(options, random), random);
        GoldenComparison.AssertAgrees(
            golden, run, name == "kaggle-shape" ? GoldenTolerance.Drift : GoldenTolerance.Rounding);
    }
}
