using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Checkpoints;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Precision;

/// <summary>Models whose tables are kept in fewer bits: trained in 16, or quantized to 8 and 4.</summary>
public sealed class TableStorageTests
{
    [Theory]
    [InlineData("full", "fp16", "sgd")]
    [InlineData("full", "bf16", "adagrad")]
    [InlineData("full", "bf16", "rwsadagrad")]
    [InlineData("full", "fp16", "adam")]
    [InlineData("full", "bf16", "ftrl")]
    [InlineData("qr-mult", "bf16", "sgd")]
    [InlineData("qr-concat", "fp16", "adagrad")]
    [InlineData("md", "bf16", "adam")]
    [InlineData("weighted", "bf16", "sgd")]
    [InlineData("weighted", "fp16", "rwsadagrad")]
    [InlineData("weighted", "fp16", "ftrl")]
    [InlineData("weighted+qr-mult", "bf16", "adagrad")]
    [InlineData("weighted+qr-concat", "fp16", "sgd")]
    public void Training_in_16_bits_gives_the_same_bits_on_every_instruction_set_and_number_of_threads(
        string tables, string type, string optimizer)
    {
        DlrmConfig config = Config(tables) with { Precision = new ModelPrecision { EmbeddingType = type } };
        byte[] expected = Train(config, 1, InstructionSet.Portable, optimizer);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            foreach (int threads in (int[])[1, 3])
            {
                Assert.Equal(expected, Train(config, threads, set, optimizer));
            }
        }
    }

    /// <summary>Pooling weights are in single precision: beside the same rows in single precision they take the same step.</summary>
    [Theory]
    [InlineData("weighted+qr-mult", "bf16")]
    [InlineData("weighted+qr-concat", "fp16")]
    public void Learned_weights_of_small_tables_in_16_bits_get_the_gradients_of_single_precision(string tables, string type)
    {
        DlrmConfig config = Config(tables);
        using var engine = new Engine(2);
        using var half = new DlrmModel(config with { Precision = new ModelPrecision { EmbeddingType = type } }, engine);
        using var single = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        half.Initialize(random);
        foreach ((Parameter from, Parameter to) in half.Parameters.Zip(single.Parameters))
        {
            from.Read(0, to.Value.Span);
        }

        // Small enough not to saturate every score, and exact in 16 bits.
        foreach ((Parameter to, Parameter from) in half.Parameters.Zip(single.Parameters))
        {
            if (to.Storage != StorageFormat.Float32)
            {
                foreach (ref float value in from.Value.Span)
                {
                    value *= 0.0625f;
                }

                to.Write(0, from.Value.Span);
            }
        }

        single.ParametersChanged();
        RandomBatchSource source = ModelFixture.Source(config, random);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        source.Read(0, batch);
        Assert.Equal(single.TrainStep(batch, 0.1f), half.TrainStep(batch, 0.1f));
        int changed = 0;
        foreach ((Parameter expected, Parameter actual) in single.Parameters.Zip(half.Parameters))
        {
            if (actual.Name.StartsWith("v_W_l", StringComparison.Ordinal))
            {
                Assert.Equal(expected.Value.Span, actual.Value.Span);
                changed += expected.Value.Span.ContainsAnyExcept(1) ? 1 : 0;
            }
        }

        Assert.True(changed > 1);
    }

    [Theory]
    [InlineData("full", 8, 8)]
    [InlineData("full", 4, 16)]
    [InlineData("qr-mult", 8, 32)]
    [InlineData("qr-concat", 4, 8)]
    [InlineData("md", 8, 16)]
    [InlineData("weighted", 4, 32)]
    public void Quantized_models_give_the_same_bits_too(string tables, int bits, int towers)
    {
        var precision = new ModelPrecision { EmbeddingBits = bits, MlpBits = towers };
        float[] expected = Score(Config(tables), precision, 1, InstructionSet.Portable);
        float[] single = Score(Config(tables), ModelPrecision.Single, 1, InstructionSet.Portable);
        Assert.NotEqual(single, expected);
        Assert.All(single.Zip(expected), pair => Assert.InRange(pair.First - pair.Second, -0.1f, 0.1f));
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Assert.Equal(expected, Score(Config(tables), precision, 3, set));
        }
    }

    /// <summary>What stochastic rounding is for: steps far below what the format resolves add up, where rounding to the nearest loses all.</summary>
    [Theory]
    [InlineData("fp16")]
    [InlineData("bf16")]
    public void Steps_too_small_for_the_format_add_up(string type)
    {
        const int Steps = 400;
        var config = new DlrmConfig
        {
            TableRows = [1],
            EmbeddingDimension = 64,
            BottomMlp = [1, 64],
            TopMlp = [1],
            Precision = new ModelPrecision { EmbeddingType = type },
        };
        using var engine = new Engine(1);
        using var tables = new EmbeddingTables(engine, [.. TableLayout.Of(config).Select(layout => layout.Create(engine, training: true))]);
        Parameter weight = tables.Parameters[0];
        weight.Fill(values => values.Fill(1));
        using var optimizer = Dlrm.Optimizers.Optimizer.Create("sgd", engine, [], tables.SparseParameters);
        using var batch = new Batch(1, 1);
        batch.Resize(1);
        batch.ReserveIndices(0, 1)[0] = 0;
        batch.Offsets(0)[0] = 0;
        batch.Offsets(0)[1] = 1;
        using var gradient = new Dlrm.Memory.NativeBuffer<float>(128);
        gradient.Span.Fill(1);
        const float Rate = 1e-4f; // a step of fp16 at 1 is 4.9e-4 below, one of bf16 3.9e-3
        for (int step = 0; step < Steps; step++)
        {
            optimizer.Sparse.RoundWith(1, step);
            tables.BackwardAndUpdate(batch, Dlrm.Memory.MatrixView.Over(gradient, 1, 128), optimizer.Sparse, Rate);
        }

        float[] row = new float[64];
        weight.Read(0, row);
        // 64 elements: the mean's standard deviation is at most √(400 · 1e-4 · 3.9e-3 / 64) = 1.6e-3.
        Assert.Equal(1 - (Steps * Rate), row.Average(), 6e-3f);
        Assert.True(row.Distinct().Count() > 1);
    }

    [Theory]
    [InlineData("fp16", 2)]
    [InlineData("bf16", 2)]
    [InlineData("fp32", 4)]
    public void Tables_take_the_bytes_of_their_type(string type, int bytes)
    {
        var config = new DlrmConfig { TableRows = [100_000, 7], Precision = new ModelPrecision { EmbeddingType = type } };
        Assert.Equal(100_007 * 2 * bytes, TableLayout.Of(config).Sum(layout => layout.Bytes));
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine);
        Assert.Equal(100_007 * 2 * bytes, model.Parameters.Take(2).Sum(parameter => parameter.Bytes));
        long single = (config with { Precision = ModelPrecision.Single }).EstimateBytes(1, training: true);
        Assert.Equal(100_007 * 2 * (4 - bytes), single - config.EstimateBytes(1, training: true));
    }

    [Theory]
    [InlineData("fp16", 32, 32)]
    [InlineData("bf16", 32, 16)]
    [InlineData("fp32", 8, 8)]
    [InlineData("fp32", 4, 32)]
    public void A_saved_model_scores_as_the_one_that_was_saved(string type, int bits, int towers)
    {
        DlrmConfig config = Config("full") with { Precision = new ModelPrecision { EmbeddingType = type } };
        using var folder = new TemporaryFolder();
        using var engine = new Engine(2);
        using var trained = new DlrmModel(config, engine);
        Steps(trained);
        using DlrmModel model = ModelQuantizer.Quantize(
            trained, new ModelPrecision { EmbeddingType = type, EmbeddingBits = bits, MlpBits = towers });
        string path = folder.At("model");
        Assert.True(ModelFolder.AllFinite(model.Parameters));
        ModelFolder.Save(path, model.Config.ToJson(), model.Parameters);
        using ModelFolder saved = ModelFolder.Open(path);
        using var again = new DlrmModel(DlrmConfig.FromJson(saved.ConfigJson), engine, optimizer: null);
        saved.ReadAll([.. again.Parameters]);
        again.ParametersChanged();
        Assert.Equal(Score(model), Score(again));
        TensorInfo table = saved.Tensors[bits == 32 ? "emb_l.3.weight" : $"emb_l.3.weight.rowwise{bits}"];
        Assert.Equal(
            (bits, type) switch { (8, _) => "U8 (301, 21)", (4, _) => "U8 (301, 11)", (_, "bf16") => "BF16 (301, 13)", _ => "F16 (301, 13)" },
            table.Kind);
    }

    [Fact]
    public void A_quantized_model_is_not_trained()
    {
        using var engine = new Engine(1);
        DlrmConfig config = Config("full") with { Precision = new ModelPrecision { EmbeddingBits = 8 } };
        var exception = Assert.Throws<ArgumentException>(() => new DlrmModel(config, engine, "sgd"));
        Assert.Contains("tables 8 bit", exception.Message, StringComparison.Ordinal);
        Assert.Contains("dlrm quantize", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_4_bits_cannot_keep_are_refused()
    {
        using var engine = new Engine(1);
        using var model = new DlrmModel(Config("full"), engine, optimizer: null);
        model.Parameters[1].Value[5] = 1e5f;
        var exception = Assert.Throws<ArgumentException>(
            () => ModelQuantizer.Quantize(model, new ModelPrecision { EmbeddingBits = 4 }));
        Assert.Contains("emb_l.1.weight row 0 holds 100000", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 32, "--quantize-emb-with-bit=5")]
    [InlineData(32, 4, "--quantize-mlp-with-bit=4")]
    public void Other_numbers_of_bits_are_refused(int bits, int towers, string expected)
    {
        DlrmConfig config = Config("full") with { Precision = new ModelPrecision { EmbeddingBits = bits, MlpBits = towers } };
        Assert.StartsWith(expected, Assert.Throws<ArgumentException>(config.Validate).Message, StringComparison.Ordinal);
    }

    private static DlrmConfig Config(string tables) => tables == "full" ? ModelFixture.Config() : ModelFixture.Compressed(tables);

    private static void Steps(DlrmModel model)
    {
        var random = new NumpyRandom(5);
        model.Initialize(random);
        RandomBatchSource source = ModelFixture.Source(model.Config, random);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            model.TrainStep(batch, 0.1f);
        }
    }

    private static byte[] Train(DlrmConfig config, int threads, InstructionSet set, string optimizer)
    {
        using var engine = new Engine(threads, set);
        using var model = new DlrmModel(config, engine, optimizer);
        Steps(model);
        var bytes = new List<byte>();
        foreach (Parameter parameter in model.Parameters)
        {
            bytes.AddRange(parameter.Storage == StorageFormat.Float32
                ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(parameter.Value.Span)
                : parameter.Packed.Span);
        }

        return [.. bytes];
    }

    private static float[] Score(DlrmConfig config, ModelPrecision precision, int threads, InstructionSet set)
    {
        using var engine = new Engine(threads, set);
        using var trained = new DlrmModel(config, engine);
        if (config.QuotientRemainder is null)
        {
            Steps(trained);
        }
        else
        {
            // Their first values are so large that bags of them saturate every score.
            trained.Initialize(new NumpyRandom(5));
            foreach (Parameter parameter in trained.Parameters.Where(parameter => parameter.Name.StartsWith("emb_l", StringComparison.Ordinal)))
            {
                foreach (ref float value in parameter.Value.Span)
                {
                    value *= 0.05f;
                }
            }
        }

        using DlrmModel model = ModelQuantizer.Quantize(trained, precision);
        return Score(model);
    }

    private static float[] Score(DlrmModel model)
    {
        RandomBatchSource source = ModelFixture.Source(model.Config, new NumpyRandom(9));
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        source.Read(0, batch);
        return model.Predict(batch).ToArray();
    }
}
