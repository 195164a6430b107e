using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class ParameterCopyTests
{
    [Theory]
    [InlineData("fp32", "none")]
    [InlineData("fp16", "none")]
    [InlineData("bf16", "batch")]
    public void What_was_kept_comes_back_to_the_bit_and_scores_alike(string type, string normalization)
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config() with
        {
            Precision = new ModelPrecision { EmbeddingType = type },
            Tower = new TowerOptions { Normalization = normalization },
        };
        using var model = new DlrmModel(config, engine, "adagrad");
        var random = new NumpyRandom(5);
        model.Initialize(random);
        RandomBatchSource source = ModelFixture.Source(config, random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        source.Read(0, batch);
        model.TrainStep(batch, 0.05f);
        using var copy = new ParameterCopy(model);
        copy.Keep(1, batch.Size);
        byte[] kept = Bits(model);
        float[] scores = model.Predict(batch).ToArray();

        model.TrainStep(batch, 0.05f);
        Assert.NotEqual(kept, Bits(model));
        copy.GiveBack();
        Assert.Equal(kept, Bits(model));
        Assert.Equal(scores, model.Predict(batch).ToArray());
    }

    private static byte[] Bits(DlrmModel model)
    {
        var all = new MemoryStream();
        foreach (Parameter parameter in model.Parameters)
        {
            all.Write(parameter.Storage == StorageFormat.Float32
                ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(parameter.Value.Span)
                : parameter.Packed.Span);
        }

        return all.ToArray();
    }
}
