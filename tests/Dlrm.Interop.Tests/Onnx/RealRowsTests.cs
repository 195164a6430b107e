using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Dlrm.Cli.Output;
using Dlrm.Data;
using Dlrm.Data.Folders;
using Dlrm.Interop.Models;
using Dlrm.Interop.Onnx;
using Dlrm.Model;
using Xunit;

namespace Dlrm.Interop.Tests.Onnx;

/// <summary>Models trained on Adult, exported and scored by ONNX Runtime and by plain PyTorch on the 6,513 rows that they were not trained on.</summary>
public sealed class RealRowsTests : IClassFixture<RealRowsTests.AdultFolder>
{
    private const int TestRows = 6513;

    private static readonly string[] DenseColumns = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"];

    private readonly AdultFolder _adult;

    public RealRowsTests(AdultFolder adult)
    {
        _adult = adult;
    }

    /// <summary>A kind of model, and its options.</summary>
    public static TheoryData<string, string> Kinds { get; } = new()
    {
        { "dot", "" },
        { "dot with itself", "--arch-interaction-itself" },
        { "cat", "--arch-interaction-op=cat" },
        { "dot-dense", "--arch-interaction-op=dot-dense" },
        { "sum", "--arch-interaction-op=sum" },
        { "dcn", "--arch-interaction-op=dcn --dcn-low-rank-dim=8" },
        { "quotient-remainder", "--qr-flag --qr-threshold=10 --qr-collisions=4" },
        { "mixed dimensions", "--md-flag --md-threshold=10 --md-temperature=0.3" },
        { "learned pooling", "--weighted-pooling=learned" },
        { "gelu, layer normalization", "--activation=gelu --normalization=layer" },
        { "silu, batch normalization", "--activation=silu --normalization=batch --dropout=0.1" },
        { "tables in fp16", "--embedding-dtype=fp16" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void OnnxRuntime_scores_real_rows_as_we_do(string kind, string options)
    {
        using var scratch = TestFile.Named("model.onnx");
        string run = Train(scratch, options);
        Tool("export", run, "--format=onnx", $"--output={scratch.Path}");

        using var engine = new Engine(1);
        using DlrmModel model = Load(run, engine);
        RequireAlike(kind, model, scratch.Path, most: 0);
    }

    [Theory]
    [InlineData("tables 8 bit", "--quantize-emb-with-bit=8", 0)]
    [InlineData("tables 4 bit", "--quantize-emb-with-bit=4", 0)]
    [InlineData("towers 8 bit", "--quantize-mlp-with-bit=8", 130)]
    public void OnnxRuntime_scores_real_rows_as_quantized_models_do(string kind, string options, int most)
    {
        using var scratch = TestFile.Named("model.onnx");
        string run = Train(scratch, "");
        string small = scratch.Beside("small");
        Tool("quantize", $"--load-model={run}", options, $"--save-model={small}");
        Tool("export", small, "--format=onnx", $"--output={scratch.Path}");

        using var engine = new Engine(1);
        using DlrmModel model = Load(small, engine);
        RequireAlike(kind, model, scratch.Path, most);
    }

    [Theory]
    [InlineData("dot", "", "dot", "relu", "")]
    [InlineData("cat", "--arch-interaction-op=cat", "cat", "relu", "")]
    [InlineData("dcn", "--arch-interaction-op=dcn --dcn-low-rank-dim=8", "dcn", "relu", "")]
    [InlineData("quotient-remainder", "--qr-flag --qr-threshold=10 --qr-collisions=4", "dot", "relu", "")]
    [InlineData("mixed dimensions", "--md-flag --md-threshold=10 --md-temperature=0.3", "dot", "relu", "")]
    [InlineData("learned pooling", "--weighted-pooling=learned", "dot", "relu", "")]
    [InlineData("gelu, layer normalization", "--activation=gelu --normalization=layer", "dot", "gelu", "")]
    [InlineData("silu, batch normalization", "--activation=silu --normalization=batch --dropout=0.1", "dot", "silu", "")]
    [InlineData("tables 8 bit", "", "dot", "relu", "--quantize-emb-with-bit=8")]
    [InlineData("tables 4 bit", "", "dot", "relu", "--quantize-emb-with-bit=4")]
    [InlineData("towers 16 bit", "", "dot", "relu", "--quantize-mlp-with-bit=16")]
    public void PyTorch_scores_real_rows_as_we_do(string kind, string options, string interaction, string activation, string quantize)
    {
        Python.Require("torch", "numpy");
        using var scratch = TestFile.Named("model.pt");
        string run = Train(scratch, options);
        if (quantize.Length > 0)
        {
            Tool("quantize", $"--load-model={run}", quantize, $"--save-model={scratch.Beside("small")}");
            run = scratch.Beside("small");
        }

        Tool("export", run, "--format=pt", $"--output={scratch.Path}");
        Dictionary<string, OnnxValue> inputs = _adult.Inputs();
        File.WriteAllBytes(scratch.Beside("dense"), MemoryMarshal.AsBytes(inputs["dense_x"].Floats.AsSpan()));
        File.WriteAllBytes(
            scratch.Beside("indices"),
            MemoryMarshal.AsBytes(Enumerable.Range(0, 8).SelectMany(table => inputs[$"indices_{table}"].Integers).ToArray().AsSpan()));
        string output = Python.Run(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "PyTorch", "score.py")), scratch.Path, scratch.Beside("dense"), scratch.Beside("indices"),
            TestRows.ToString(CultureInfo.InvariantCulture), interaction, activation, "4");

        using var engine = new Engine(1);
        using DlrmModel model = Load(run, engine);
        Report(kind, _adult.Score(model), [.. output.Trim().Split('\n').Select(line => float.Parse(line, CultureInfo.InvariantCulture))], most: 0);
    }

    [Fact]
    public void With_preprocessing_raw_rows_go_in_and_our_scores_come_out()
    {
        using var scratch = TestFile.Named("model.onnx");
        string run = Train(scratch, "");
        Tool("export", run, "--format=onnx", "--include-preprocessing", $"--output={scratch.Path}");

        string[][] rows = _adult.RawRows(TestRows);
        var inputs = new Dictionary<string, OnnxValue>(StringComparer.Ordinal);
        for (int column = 0; column < _adult.Columns.Length; column++)
        {
            string name = _adult.Columns[column];
            string[] values = [.. rows.Select(row => row[column])];
            if (DenseColumns.Contains(name))
            {
                inputs[name] = new OnnxValue([rows.Length, 1], Array.ConvertAll(values, text => double.Parse(text, CultureInfo.InvariantCulture)));
            }
            else if (name != "income")
            {
                inputs[name] = new OnnxValue([rows.Length, 1], values);
            }
        }

        using var engine = new Engine(1);
        using DlrmModel model = Load(run, engine);
        float[] expected = _adult.Score(model);
        float[] actual = OnnxExporterTests.Run(scratch.Path, inputs);

        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Fact]
    public void A_feature_that_onnx_cannot_encode_is_refused_by_name()
    {
        using var scratch = TestFile.Named("model.onnx");
        string set = scratch.Beside("hashed");
        Tool(
            "preprocess", _adult.Csv, $"--output={set}", "--label=income", "--positive=>50K", "--dense=age", "--sparse=workclass,education", "--hash=50");
        string run = scratch.Beside("run");
        Tool(
            "train", "--data-generation=dataset", $"--data-set={set}", "--arch-sparse-feature-size=4", "--arch-mlp-bot=1-4", "--arch-mlp-top=4-1",
            "--mini-batch-size=4096", $"--output-dir={run}");
        var error = new StringWriter();

        int code = Dlrm.Cli.Tool.Run(
            ["export", run, "--format=onnx", "--include-preprocessing", $"--output={scratch.Path}"], new ToolConsole(TextWriter.Null, error, IsTerminal: false));

        Assert.Equal(2, code);
        Assert.Contains("the feature 'workclass' is hashed, and ONNX has no such hash", error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(scratch.Path));
    }

    internal static void Tool(params string[] arguments)
    {
        var error = new StringWriter();
        int code = Dlrm.Cli.Tool.Run(arguments, new ToolConsole(TextWriter.Null, error, IsTerminal: false));
        Assert.True(code == 0, error.ToString());
    }

    private static DlrmModel Load(string path, Engine engine)
    {
        using var file = ModelFile.Open(path);
        var model = new DlrmModel(file.Config, engine, optimizer: null);
        file.ReadInto(model);
        return model;
    }

    private string Train(TestFile scratch, string options)
    {
        string run = scratch.Beside("run");
        Tool([
            "train", "--data-generation=dataset", $"--data-set={_adult.Folder}", "--arch-sparse-feature-size=8", "--arch-mlp-bot=6-32-8",
            "--arch-mlp-top=32-16-1", "--loss-function=bce", "--optimizer=adagrad", "--learning-rate=0.02", "--mini-batch-size=512",
            "--num-threads=1", $"--output-dir={run}", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        return run;
    }

    private void RequireAlike(string kind, DlrmModel model, string path, int most)
    {
        float[] expected = _adult.Score(model);
        float[] actual = OnnxExporterTests.Run(path, _adult.Inputs());
        Report(kind, expected, actual, most);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, OnnxCheck.ToleranceOf(model.Config)));
    }

    private static void Report(string kind, float[] expected, float[] actual, int most)
    {
        Assert.Equal(expected.Length, actual.Length);
        float[] differences = [.. expected.Zip(actual, (a, b) => Math.Abs(a - b))];
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{kind}: at most {differences.Max():0.0e+0}, {differences.Count(d => d > 1e-6f)} of {differences.Length} over 1e-6"));
        Assert.InRange(differences.Count(difference => !(difference <= 1e-6f)), 0, most);
    }

    /// <summary>The sample as a data set folder, its last fifth for tests.</summary>
    public sealed class AdultFolder : IDisposable
    {
        private readonly TestFile _scratch = TestFile.Named("adult.csv.gz");
        private readonly string[] _lines;

        public AdultFolder()
        {
            using (Stream packed = typeof(DataSetFolder).Assembly.GetManifestResourceStream("Dlrm.Data.Adult.adult.csv.gz")!)
            using (FileStream file = File.Create(Csv))
            {
                packed.CopyTo(file);
            }

            using (var reader = new StreamReader(new GZipStream(File.OpenRead(Csv), CompressionMode.Decompress)))
            {
                _lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }

            Tool(
                "preprocess", Csv, $"--output={Folder}", "--label=income", "--positive=>50K", $"--dense={string.Join(',', DenseColumns)}",
                "--dense-transform=log1p-standardize", "--sparse=workclass,education,marital_status,occupation,relationship,race,sex,native_country",
                "--min-frequency=4");
        }

        public string Csv => _scratch.Path;

        public string Folder => _scratch.Beside("adult");

        public string[] Columns => _lines[0].TrimEnd('\r').Split(',');

        public string[][] RawRows(int last) => [.. _lines[^last..].Select(line => line.TrimEnd('\r').Split(','))];

        internal float[] Score(DlrmModel model)
        {
            using Batch batch = Read();
            return model.Predict(batch).ToArray();
        }

        internal Dictionary<string, OnnxValue> Inputs()
        {
            using Batch batch = Read();
            return OnnxCheck.Inputs(batch, OnnxInputs.Bags);
        }

        public void Dispose() => _scratch.Dispose();

        private Batch Read()
        {
            using var folder = DataSetFolder.Open(Folder);
            using var source = new FolderBatchSource(folder, "test", TestRows);
            var batch = new Batch(folder.DenseFeatures, folder.TableRows.Count);
            source.Read(0, batch);
            return batch;
        }
    }
}
