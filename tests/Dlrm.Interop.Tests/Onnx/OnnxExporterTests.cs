using Dlrm.Data;
using Dlrm.Data.Folders;
using Dlrm.Interop.Models;
using Dlrm.Interop.Onnx;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Xunit;

namespace Dlrm.Interop.Tests.Onnx;

public sealed class OnnxExporterTests
{
    /// <summary>Table kinds and interactions.</summary>
    public static TheoryData<string, string> Kinds { get; } = new()
    {
        { "full", "dot" }, { "full", "dot-itself" }, { "full", "dot-dense" }, { "full", "cat" }, { "full", "sum" },
        { "qr-mult", "dot" }, { "qr-add", "dot" }, { "qr-concat", "cat" }, { "md", "dot" }, { "weighted", "dot" },
        { "clamped", "dot" }, { "full", "dcn" }, { "mean", "dot" }, { "mean-qr", "dot" }, { "mean-weighted", "dot" },
        { "fp16", "dot" }, { "bf16", "dot" }, { "gelu", "dot" }, { "silu", "dot" }, { "tanh", "dot" }, { "none", "dot" },
        { "batch", "dot" }, { "layer", "dot" }, { "batch-gelu", "dcn" }, { "layer-silu", "cat" }, { "dropout", "dot" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void OnnxRuntime_scores_as_we_do(string tables, string interaction)
    {
        foreach (OnnxInputs inputs in new[] { OnnxInputs.Bags, OnnxInputs.OneHot })
        {
            using var engine = new Engine(1);
            using DlrmModel model = Create(engine, tables, interaction);
            using var file = TestFile.Named("model.onnx");
            OnnxExporter.Write(file.Path, model, inputs);

            RequireSameScores(file.Path, model, inputs, [1, 2, 33, 128]);
        }
    }

    [Fact]
    public void A_batch_of_empty_bags_alone_is_scored()
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "weighted", "dot");
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, model, OnnxInputs.Bags);
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        batch.Resize(3);
        batch.Dense.Fill(0.25f);
        for (int table = 0; table < batch.Tables; table++)
        {
            batch.Offsets(table).Clear();
        }

        float[] expected = model.Predict(batch).ToArray();

        Assert.All(Run(file.Path, OnnxCheck.Inputs(batch, OnnxInputs.Bags)).Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        Assert.All(
            OnnxInterpreter.Open(file.Path).Run(OnnxCheck.Inputs(batch, OnnxInputs.Bags)).Floats.Zip(expected),
            pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    [Fact]
    public void Large_weights_lie_beside_the_model()
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "dot");
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, model, OnnxInputs.Bags, largestInside: 1000);

        Assert.Equal(["model.onnx", "model.onnx.data"], Directory.GetFiles(file.Folder).Select(Path.GetFileName).Order());
        RequireSameScores(file.Path, model, OnnxInputs.Bags, [9]);
        RequireSameParameters(file.Path, engine, model);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_was_exported_is_imported_to_the_bit(string tables, string interaction)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, tables, interaction);
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, model, OnnxInputs.Bags);

        RequireSameParameters(file.Path, engine, model);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void Quantized_tables_are_dequantized_in_the_graph(int bits)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "dot");
        using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { EmbeddingBits = bits });
        using var file = TestFile.Named("model.onnx");
        foreach (OnnxInputs inputs in new[] { OnnxInputs.Bags, OnnxInputs.OneHot })
        {
            OnnxExporter.Write(file.Path, quantized, inputs);
            RequireSameScores(file.Path, quantized, inputs, [1, 33]);
        }
    }

    [Fact]
    public void Towers_of_8_bits_score_as_ours_where_products_are_exact()
    {
        // Without products before the top tower, every number that it rounds is ours to the bit.
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "cat");
        using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { MlpBits = 8, EmbeddingBits = 8 });
        using var file = TestFile.Named("model.onnx");
        foreach (OnnxInputs inputs in new[] { OnnxInputs.Bags, OnnxInputs.OneHot })
        {
            OnnxExporter.Write(file.Path, quantized, inputs);
            RequireSameScores(file.Path, quantized, inputs, [1, 33, 128]);
        }
    }

    [Fact]
    public void Towers_of_8_bits_behind_dot_products_differ_by_steps_in_few_samples()
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "dot");
        using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { MlpBits = 8 });
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, quantized, OnnxInputs.Bags);
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        OnnxCheck.Fill(batch, model.Config, 1000, OnnxInputs.Bags, new System.Random(7));
        float[] expected = quantized.Predict(batch).ToArray();
        float[] actual = Run(file.Path, OnnxCheck.Inputs(batch, OnnxInputs.Bags));

        Assert.All(actual.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, OnnxCheck.Int8Tolerance));
        Assert.InRange(actual.Zip(expected).Count(pair => Math.Abs(pair.First - pair.Second) > 1e-6f), 0, 20);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1e-4f)]
    [InlineData(-1e-4f)]
    public void Towers_of_8_bits_take_dense_features_of_hardly_any_range(float value)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "cat");
        using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { MlpBits = 8 });
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, quantized, OnnxInputs.OneHot);
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        OnnxCheck.Fill(batch, model.Config, 4, OnnxInputs.OneHot, new System.Random(7));
        batch.Dense.Clear();
        batch.Dense[1] = value;
        batch.Dense[^1] = -value / 3;
        float[] expected = quantized.Predict(batch).ToArray();

        Assert.All(
            Run(file.Path, OnnxCheck.Inputs(batch, OnnxInputs.OneHot)).Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    [Fact]
    public void A_quantized_models_file_is_not_imported()
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "dot");
        using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { EmbeddingBits = 4 });
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, quantized, OnnxInputs.Bags);

        RefusedFileException refused = Assert.Throws<RefusedFileException>(() => ModelFile.Open(file.Path));

        Assert.Contains("import the model that it was made from", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_transform_and_vocabulary_goes_along()
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config() with { TableRows = [4, 3], TopMlp = [8, 1], BottomMlp = [7, 6, ModelFixture.Config().EmbeddingDimension] };
        using var model = new DlrmModel(config, engine, optimizer: null);
        model.Initialize(new NumpyRandom(5));
        DenseFeature[] features =
        [
            new() { Name = "a", Column = "a" },
            new() { Name = "a_missing", Column = "a", IsIndicator = true },
            new() { Name = "b", Column = "b", Log1p = true, Shift = 2.5, Divisor = 1.7 },
            new() { Name = "c", Column = "c", ClipLow = -3, ClipHigh = 40, Shift = -3, Divisor = 43, Fill = 7 },
            new() { Name = "d", Column = "d", Borders = [1, 2, 2, 50, 4000] },
            new() { Name = "one" },
            new() { Name = "e", Column = "e", Divisor = 100_000 },
        ];
        var preprocessing = new OnnxPreprocessing
        {
            Dense =
            [
                .. features.Select(feature => new OnnxDenseFeature
                {
                    Column = feature.Column, IsIndicator = feature.IsIndicator, ClipLow = feature.ClipLow, ClipHigh = feature.ClipHigh,
                    Log1p = feature.Log1p, Shift = feature.Shift, Divisor = feature.Divisor, Borders = feature.Borders, Fill = feature.Fill,
                    Encode = value => Encode(feature, value),
                }),
            ],
            Sparse = [new OnnxVocabulary("city", ["Zürich", "", "Bern"], false), new OnnxVocabulary("code", ["", "-17"], true)],
        };
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, model, preprocessing);

        double[] raw = [double.NaN, -5, 0, 1, 2, 3, 49.5, 50, 4000, 1e9];
        (string[] cities, int[] cityRows) = (["Zürich", "", "Bern", "bern", "?", "Bern", "", "", "x", "Zürich"], [1, 2, 3, 0, 0, 3, 2, 2, 0, 1]);
        long[] codes = [-17, 17, 0, -17, 1, 2, 3, 4, -17, 5];
        using var batch = new Batch(7, 2);
        batch.Resize(raw.Length);
        for (int row = 0; row < raw.Length; row++)
        {
            for (int feature = 0; feature < 7; feature++)
            {
                batch.Dense[(row * 7) + feature] = Encode(features[feature], raw[row]);
            }

            (batch.Offsets(0)[row + 1], batch.Offsets(1)[row + 1]) = (row + 1, row + 1);
        }

        cityRows.CopyTo(batch.ReserveIndices(0, raw.Length));
        Array.ConvertAll(codes, code => code == -17 ? 2 : 0).CopyTo(batch.ReserveIndices(1, raw.Length));
        var inputs = new Dictionary<string, OnnxValue>
        {
            ["city"] = new([raw.Length, 1], cities),
            ["code"] = new([raw.Length, 1], codes),
        };
        foreach (string column in new[] { "a", "b", "c", "d", "e" })
        {
            inputs[column] = new OnnxValue([raw.Length, 1], raw);
        }

        Assert.All(Run(file.Path, inputs).Zip(model.Predict(batch).ToArray()), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    /// <summary>The documented formula, in plain arithmetic.</summary>
    private static float Encode(DenseFeature feature, double x)
    {
        if (feature.Column is null || feature.IsIndicator)
        {
            return feature.Column is null || double.IsNaN(x) ? 1 : 0;
        }

        if (double.IsNaN(x) && feature.Fill is null)
        {
            return 0;
        }

        x = double.IsNaN(x) ? feature.Fill!.Value : x;
        x = Math.Min(Math.Max(x, feature.ClipLow ?? x), feature.ClipHigh ?? double.MaxValue);
        x = feature.Log1p ? Math.Log(Math.Max(x, 0) + 1) : x;
        return feature.Borders is { } borders ? borders.Count(border => border <= x) / (float)borders.Count : (float)((x - feature.Shift) / feature.Divisor);
    }

    [Fact]
    public void The_references_own_export_is_imported()
    {
        using var file = TestFile.Copy("reference.onnx");
        using var read = ModelFile.Open(file.Path);
        using var engine = new Engine(1);
        using var model = new DlrmModel(read.Config, engine, optimizer: null);
        read.ReadInto(model);

        Assert.Equal([100, 57, 301, 8], read.Config.TableRows);
        Assert.Equal("dot", read.Config.Interaction);
        using var batch = new Batch(6, 4);
        OnnxCheck.Fill(batch, read.Config, 5, OnnxInputs.OneHot, new System.Random(3));
        Dictionary<string, OnnxValue> inputs = OnnxCheck.Inputs(batch, OnnxInputs.Bags);
        inputs["offsets"] = new OnnxValue([4, 5], [.. Enumerable.Range(0, 4).SelectMany(table => inputs[$"offsets_{table}"].Integers)]);
        for (int table = 0; table < 4; table++)
        {
            inputs.Remove($"offsets_{table}");
        }

        Assert.All(Run(file.Path, inputs).Zip(model.Predict(batch).ToArray()), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    [Fact]
    public void A_file_that_scores_otherwise_is_refused()
    {
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, "full", "dot");
        using var file = TestFile.Named("model.onnx");
        OnnxExporter.Write(file.Path, model, OnnxInputs.Bags);
        model.Parameters[^1].Value[0] += 0.01f;
        model.ParametersChanged();

        InvalidDataException refused = Assert.Throws<InvalidDataException>(
            () => OnnxCheck.Require(OnnxInterpreter.Open(file.Path), model, OnnxInputs.Bags));

        Assert.Contains("nothing was written", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_checker_of_onnx_accepts_them()
    {
        Python.Require("onnx");
        using var file = TestFile.Named("model.onnx");
        var paths = new List<string>();
        foreach (TheoryDataRow<string, string> kind in Kinds)
        {
            using var engine = new Engine(1);
            using DlrmModel model = Create(engine, kind.Data.Item1, kind.Data.Item2);
            paths.Add(file.Beside($"{paths.Count}.onnx"));
            OnnxExporter.Write(paths[^1], model, OnnxInputs.Bags);
            paths.Add(file.Beside($"{paths.Count}.onnx"));
            OnnxExporter.Write(paths[^1], model, OnnxInputs.OneHot, largestInside: 0);
        }

        using (var engine = new Engine(1))
        {
            using DlrmModel model = Create(engine, "full", "dot");
            using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { MlpBits = 8, EmbeddingBits = 4 });
            paths.Add(file.Beside($"{paths.Count}.onnx"));
            OnnxExporter.Write(paths[^1], quantized, OnnxInputs.Bags);
        }

        Python.Run("import sys, onnx\nfor f in sys.argv[1:]: onnx.checker.check_model(f, full_check=True)", [.. paths]);
    }

    internal static void RequireSameScores(string path, DlrmModel model, OnnxInputs inputs, int[] sizes)
    {
        var random = new System.Random(7);
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        foreach (int size in sizes)
        {
            OnnxCheck.Fill(batch, model.Config, size, inputs, random);
            float[] expected = model.Predict(batch).ToArray();
            float[] actual = Run(path, OnnxCheck.Inputs(batch, inputs));
            Assert.Equal(size, actual.Length);
            Assert.All(actual.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        }
    }

    internal static float[] Run(string path, Dictionary<string, OnnxValue> inputs)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(path, options);
        NamedOnnxValue[] values =
        [
            .. inputs.Select(entry => entry.Value.IsFloat
                ? NamedOnnxValue.CreateFromTensor(entry.Key, new DenseTensor<float>(entry.Value.Floats, entry.Value.Shape))
                : entry.Value.IsDouble
                ? NamedOnnxValue.CreateFromTensor(entry.Key, new DenseTensor<double>(entry.Value.Doubles, entry.Value.Shape))
                : entry.Value.IsText
                ? NamedOnnxValue.CreateFromTensor(entry.Key, new DenseTensor<string>(entry.Value.Texts, entry.Value.Shape))
                : NamedOnnxValue.CreateFromTensor(entry.Key, new DenseTensor<long>(entry.Value.Integers, entry.Value.Shape))),
        ];
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = session.Run(values, ["pred"]);
        return [.. results[0].AsEnumerable<float>()];
    }

    private static void RequireSameParameters(string path, Engine engine, DlrmModel model)
    {
        using var read = ModelFile.Open(path);
        using var copy = new DlrmModel(read.Config, engine, optimizer: null);
        read.ReadInto(copy);

        Assert.Equal(model.Config.ToJson(), read.Config.ToJson());
        Assert.All(model.Parameters.Zip(copy.Parameters), pair => Assert.Equal(Floats(pair.First), Floats(pair.Second)));
    }

    private static float[] Floats(Parameter parameter)
    {
        float[] values = new float[parameter.Elements];
        parameter.Read(0, values);
        return values;
    }

    private static DlrmModel Create(Engine engine, string tables, string interaction)
    {
        DlrmConfig config = tables switch
        {
            "full" => ModelFixture.Config(),
            "mean" => ModelFixture.Config() with { Pooling = ["mean"] },
            "mean-qr" => ModelFixture.Compressed("qr-mult") with { Pooling = ["mean"] },
            "mean-weighted" => ModelFixture.Compressed("weighted") with { Pooling = ["mean"] },
            "fp16" or "bf16" => ModelFixture.Config() with { Precision = new ModelPrecision { EmbeddingType = tables } },
            "gelu" or "silu" or "tanh" or "none" => ModelFixture.Config() with { Tower = new TowerOptions { Activation = tables } },
            "batch" or "layer" or "batch-gelu" or "layer-silu" => ModelFixture.Config() with
            {
                Tower = new TowerOptions { Normalization = tables[..5], Activation = tables.Length > 5 ? tables[6..] : "relu" },
            },
            "dropout" => ModelFixture.Config() with { Tower = new TowerOptions { Dropout = 0.3f } },
            "clamped" => ModelFixture.Config() with { LossThreshold = 0.499f },
            _ => ModelFixture.Compressed(tables),
        };
        config = config with { Interaction = interaction.Replace("-itself", "", StringComparison.Ordinal), InteractionItself = interaction == "dot-itself" };
        var model = new DlrmModel(config, engine, optimizer: null);
        model.Initialize(new NumpyRandom(5));
        if (tables.EndsWith("weighted", StringComparison.Ordinal))
        {
            for (int row = 0; row < 100; row++)
            {
                model.Parameters.Single(parameter => parameter.Name == "v_W_l.0").Value[row] = 0.5f + (row / 100f);
            }
        }

        Random(model, ".norm.");
        return model;
    }

    /// <summary>Gives parameters of which all elements are alike values between 0.5 and 1.5.</summary>
    internal static void Random(DlrmModel model, string part)
    {
        var random = new System.Random(9);
        foreach (Parameter parameter in model.Parameters.Where(parameter => parameter.Name.Contains(part, StringComparison.Ordinal)))
        {
            foreach (ref float value in parameter.Value.Span)
            {
                value = 0.5f + random.NextSingle();
            }
        }

        model.ParametersChanged();
    }
}
