using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Golden;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>The reference's traces on ranks: the losses of one process, to 1e-5, and with that the reference's.</summary>
public sealed class RankGoldenTests
{
    public static TheoryData<string> Cases { get; } =
    [
        "readme", "readme-seed7", "dot", "dot-itself", "cat", "bce", "wbce", "bce-threshold", "sgd-bce-long", "ragged-last",
        "lookups-fixed", "gaussian", "lr-policy", "eval", "mlperf-eval", "epochs", "md", "md-round", "weighted-fixed",
        "weighted-learned", "adagrad", "rwsadagrad",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_are_those_of_one_process(string name)
    {
        var golden = GoldenCase.Load(name);
        List<float> alone = Losses(golden, distributed: null);
        int tables = golden.Sizes("--arch-embedding-size", "4-3-2").Length;
        for (int ranks = 1; ranks <= Math.Min(4, tables); ranks++)
        {
            LocalCommunicator.Run(ranks, communicator =>
            {
                List<float> own = Losses(golden, new DistributedOptions { Communicator = communicator });
                for (int step = 0; step < alone.Count; step++)
                {
                    Assert.True(
                        Math.Abs(alone[step] - own[step]) <= 1e-5 * Math.Max(1, Math.Abs(alone[step])),
                        $"{name}, {communicator.Size} ranks, step {step}: {own[step]:R}, in one process {alone[step]:R}");
                }
            });
        }
    }

    private static List<float> Losses(GoldenCase golden, DistributedOptions? distributed)
    {
        RandomDataOptions options = golden.RandomData();
        var random = new NumpyRandom(options.Seed);
        var whole = new RandomBatchSource(options, random);
        using var engine = new Engine(threads: 1);
        using var model = new DlrmModel(
            GoldenRun.Config(golden, whole.TableRows), engine, golden.Option("--optimizer", "sgd"), options: null, distributed);
        model.Initialize(random, new TorchRandom(options.Seed));
        IBatchSource source = model.PartOf(whole);
        using var owned = source as IDisposable;
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var losses = new List<float>();
        for (int index = 0; index < Math.Min(source.BatchCount, 30); index++)
        {
            source.Read(index, batch);
            losses.Add(model.TrainStep(batch, (float)golden.Number("--learning-rate", 0.01)));
        }

        return losses;
    }
}
