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
        using var engine = new Engine(threads: 1);
        using GoldenRun run = Train(golden, engine);
        GoldenComparison.AssertAgrees(
            golden, run, name == "kaggle-shape" ? GoldenTolerance.Drift : GoldenTolerance.Rounding);
    }

    /// <summary>The reference drifts off in this case; double_oracle.py computed what it stands for.</summary>
    [Fact]
    public void Where_the_reference_drifts_training_gives_the_numbers_of_double_precision()
    {
        using var engine = new Engine(threads: 1);
        using GoldenRun run = Train(GoldenCase.Load("kaggle-shape"), engine);
        GoldenComparison.AssertOutcome(GoldenCase.Load("kaggle-shape-double"), run, GoldenTolerance.Exact);
    }

    private static GoldenRun Train(GoldenCase golden, Engine engine)
    {
        RandomDataOptions options = golden.RandomData();
        var random = new NumpyRandom(options.Seed);
        return GoldenRun.Train(
            golden, engine, new RandomBatchSource(options, random), new RandomBatchSource(options, random), random);
    }
}
