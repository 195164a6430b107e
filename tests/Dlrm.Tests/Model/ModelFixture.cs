using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;

namespace Dlrm.Tests.Model;

/// <summary>Small models on random data, with ragged widths so that every kernel's tail runs.</summary>
internal static class ModelFixture
{
    public static DlrmConfig Config(string interaction = "dot", string loss = "bce") => new()
    {
        TableRows = [100, 7, 1, 301, 50],
        EmbeddingDimension = 13,
        BottomMlp = [5, 37, 13],
        TopMlp = [67, 19, 1],
        Interaction = interaction,
        Cross = interaction == "dcn" ? new CrossOptions { Layers = 3, Rank = 21 } : null,
        Loss = loss,
    };

    /// <summary>
    /// With tables of other kinds, any of <c>full</c>, <c>qr-mult</c>, <c>qr-add</c>, <c>qr-concat</c>, <c>md</c>,
    /// <c>weighted</c>, <c>mean</c> and <c>mixed</c> (a pooling of its own for each table), <c>fp16</c> and <c>bf16</c>, with pluses between.
    /// </summary>
    public static DlrmConfig Compressed(string tables)
    {
        DlrmConfig config = Config();
        foreach (string kind in tables.Split('+'))
        {
            config = kind switch
            {
                "full" => config,
                "weighted" => config with { WeightedPooling = "learned" },
                "fp16" or "bf16" => config with { Precision = new ModelPrecision { EmbeddingType = kind } },
                "mean" => config with { Pooling = ["mean"] },
                "mixed" => config with { Pooling = ["mean", "sum", "mean", "mean", "sum"] },
                "md" => config with { MixedDimension = new MixedDimensionOptions { Threshold = 6, Temperature = 0.5 } },
                _ => config with
                {
                    BottomMlp = [5, 37, kind == "qr-concat" ? 26 : 13],
                    QuotientRemainder = new QuotientRemainderOptions { Threshold = 8, Operation = kind[3..], Collisions = 7 },
                },
            };
        }

        return config;
    }

    public static RandomBatchSource Source(DlrmConfig config, NumpyRandom random, int batches = 6, int batchSize = 45) =>
        new(
            new RandomDataOptions
            {
                DenseFeatures = config.DenseFeatures,
                TableRows = config.TableRows,
                NumBatches = batches,
                BatchSize = batchSize,
                RoundTargets = true,
                Seed = 5,
            },
            random);

    /// <summary>Trains for a few steps; gives the losses' and all parameters' bits.</summary>
    public static List<int> Train(
        DlrmConfig config, int threads, InstructionSet instructionSet, string optimizer = "sgd", int batchSize = 45)
    {
        using var engine = new Engine(threads, instructionSet);
        OptimizerOptions? options = optimizer == "momentum"
            ? new() { Momentum = 0.9f, WeightDecay = 0.01f, ClipGradientNorm = 0.1f }
            : null;
        using var model = new DlrmModel(config, engine, options is null ? optimizer : "sgd", options);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        RandomBatchSource source = Source(config, random, batchSize: batchSize);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var bits = new List<int>();
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            bits.Add(BitConverter.SingleToInt32Bits(model.TrainStep(batch, 0.1f)));
        }

        foreach (Parameter parameter in model.Parameters)
        {
            foreach (float value in parameter.Value.Span)
            {
                bits.Add(BitConverter.SingleToInt32Bits(value));
            }
        }

        return bits;
    }
}
