using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class MappedModelTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly Engine _engine = new(1);

    public void Dispose()
    {
        _engine.Dispose();
        _temporary.Dispose();
    }

    public static TheoryData<string, int> Kinds => new()
    {
        { "plain", 32 }, { "plain", 16 }, { "plain", 8 }, { "plain", 4 }, { "weighted", 32 }, { "normalized", 32 }, { "dcn", 32 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_mapped_model_scores_as_one_that_was_read(string kind, int bits)
    {
        using DlrmModel model = Make(kind, bits);
        ModelFolder.Save(_temporary.At("model"), model.Config.ToJson(), model.Parameters);
        using var folder = ModelFolder.Open(_temporary.At("model"));
        using MappedTensors tensors = folder.MapTensors();
        using Batch batch = Rows(model.Config, 9);
        float[] expected = model.Predict(batch).ToArray();
        for (int engine = 0; engine < 2; engine++)
        {
            using var mapped = new DlrmModel(model.Config, _engine, optimizer: null);
            folder.MapInto(tensors, mapped.Parameters);
            mapped.ParametersChanged();
            Assert.Equal(expected, mapped.Predict(batch).ToArray());
        }
    }

    [Fact]
    public void A_folder_that_is_replaced_leaves_a_mapped_model_as_it_was()
    {
        using DlrmModel model = Make("plain", 32);
        ModelFolder.Save(_temporary.At("model"), model.Config.ToJson(), model.Parameters);
        using var folder = ModelFolder.Open(_temporary.At("model"));
        using MappedTensors tensors = folder.MapTensors();
        using var mapped = new DlrmModel(model.Config, _engine, optimizer: null);
        folder.MapInto(tensors, mapped.Parameters);
        using Batch batch = Rows(model.Config, 9);
        float[] expected = mapped.Predict(batch).ToArray();
        model.Initialize(new NumpyRandom(99));
        ModelFolder.Save(_temporary.At("model"), model.Config.ToJson(), model.Parameters);
        Assert.Equal(expected, mapped.Predict(batch).ToArray());
        Assert.NotEqual(expected, model.Predict(batch).ToArray());
    }

    [Fact]
    public void Another_models_file_is_refused_before_anything_is_mapped()
    {
        using DlrmModel model = Make("plain", 32);
        ModelFolder.Save(_temporary.At("model"), model.Config.ToJson(), model.Parameters);
        using var folder = ModelFolder.Open(_temporary.At("model"));
        using MappedTensors tensors = folder.MapTensors();
        using var other = new DlrmModel(model.Config with { TableRows = [70, 31, 3] }, _engine, optimizer: null);
        Assert.Throws<InvalidDataException>(() => folder.MapInto(tensors, other.Parameters));
    }

    [Theory]
    [InlineData(InstructionSet.Portable)]
    [InlineData(InstructionSet.Vector128)]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Avx512)]
    public void Candidates_that_share_a_context_score_as_complete_rows(InstructionSet set)
    {
        if (!InstructionSets.IsSupported(set))
        {
            return;
        }

        foreach (string kind in (string[])["plain", "weighted", "mean", "dcn", "cat", "qr"])
        {
            using var engine = new Engine(2, set);
            using DlrmModel model = Make(kind, 32, engine);
            using Batch batch = Rows(model.Config, 7);
            bool[] shared = [true, false, true];
            for (int dense = 0; dense < 2; dense++)
            {
                MakeShared(batch, shared, dense == 1);
                float[] expected = model.Predict(batch).ToArray();
                for (int table = 0; table < batch.Tables; table++)
                {
                    if (shared[table])
                    {
                        batch.Offsets(table)[2..].Fill(batch.Offsets(table)[1]);
                    }
                }

                Assert.Equal(expected, model.PredictShared(batch, shared, dense == 1).ToArray());
                Assert.InRange(expected.Distinct().Count(), 3, expected.Length); // table 1 tells candidates apart
            }
        }
    }

    /// <summary>Gives all rows the first one's lookups of shared tables, two each, and its numbers if they are shared.</summary>
    private static void MakeShared(Batch batch, bool[] shared, bool dense)
    {
        for (int table = 0; table < batch.Tables; table++)
        {
            if (shared[table])
            {
                Span<int> indices = batch.ReserveIndices(table, 2 * batch.Size);
                for (int row = 0; row < batch.Size; row++)
                {
                    batch.Offsets(table)[row + 1] = 2 * (row + 1);
                    (indices[2 * row], indices[(2 * row) + 1]) = (1, 2);
                }
            }
        }

        for (int row = 1; dense && row < batch.Size; row++)
        {
            batch.Dense[..batch.DenseFeatures].CopyTo(batch.Dense[(row * batch.DenseFeatures)..]);
        }
    }

    private static Batch Rows(DlrmConfig config, int size)
    {
        var random = new System.Random(5);
        var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        batch.Resize(size);
        foreach (ref float value in batch.Dense)
        {
            value = random.NextSingle();
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            batch.ReserveIndices(table, size);
            for (int row = 0; row <= size; row++)
            {
                batch.Offsets(table)[row] = row;
            }

            foreach (ref int index in batch.Indices(table))
            {
                index = random.Next(config.TableRows[table]);
            }
        }

        return batch;
    }

    private DlrmModel Make(string kind, int bits, Engine? engine = null)
    {
        var config = new DlrmConfig
        {
            TableRows = [70, 30, 3],
            EmbeddingDimension = 5,
            BottomMlp = [4, 7, 5],
            TopMlp = [9, 1],
            Interaction = kind is "dcn" or "cat" ? kind : "dot",
            WeightedPooling = kind == "weighted" ? "learned" : "none",
            Pooling = [kind == "mean" ? "mean" : "sum"],
            QuotientRemainder = kind == "qr" ? new QuotientRemainderOptions { Threshold = 20, Operation = "mult", Collisions = 4 } : null,
            Tower = kind == "normalized" ? new TowerOptions { Normalization = "layer" } : null,
            Precision = bits == 16 ? new ModelPrecision { EmbeddingType = "bf16" } : ModelPrecision.Single,
            Loss = "bce",
        };
        var model = new DlrmModel(config, engine ?? _engine, optimizer: null);
        model.Initialize(new NumpyRandom(3));
        if (bits >= 16)
        {
            return model;
        }

        DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { EmbeddingBits = bits, MlpBits = bits == 8 ? 8 : 16 });
        model.Dispose();
        return quantized;
    }
}
