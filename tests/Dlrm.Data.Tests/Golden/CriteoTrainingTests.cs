using Dlrm.Data.Criteo;
using Dlrm.Random;
using Dlrm.Tests.Golden;
using Xunit;

namespace Dlrm.Data.Tests.Golden;

/// <summary>From the text file to the trained model: the numbers of the reference's own runs.</summary>
public sealed class CriteoTrainingTests
{
    public static TheoryData<string> Cases { get; } =
        ["criteo-none", "criteo-total", "criteo-day", "criteo-maxind", "criteo-subsample", "criteo-mlperf"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_gives_the_numbers_of_the_reference(string name)
    {
        var golden = GoldenCase.Load(name);
        var random = new NumpyRandom((long)golden.Number("--numpy-rand-seed", 123));
        using CriteoDataSet data = CriteoKaggle.Load(Options(golden), random);
        Assert.Equal(golden.Counts, data.TableRows);
        using var engine = new Engine(threads: 1);
        using GoldenRun run = GoldenRun.Train(golden, engine, data.Train, data.Test, random);
        GoldenComparison.AssertAgrees(golden, run, GoldenTolerance.Rounding);
    }

    /// <summary>What the command line asks for; the raw file is the packed one, and nothing is kept beside it.</summary>
    private static CriteoKaggleOptions Options(GoldenCase golden) => new()
    {
        RawDataFile = GoldenFiles.CriteoTiny,
        UseCache = false,
        Randomize = Enum.Parse<CriteoRandomize>(golden.Option("--data-randomize", "total"), ignoreCase: true),
        MaxIndexRange = (int)golden.Number("--max-ind-range", -1),
        SubSampleRate = golden.Number("--data-sub-sample-rate", 0),
        BatchSize = (int)golden.Number("--mini-batch-size", 1),
        TestBatchSize = (int)golden.Number("--test-mini-batch-size", -1),
    };
}
