using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Tests.Golden;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class QuantizeCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void A_quantized_model_is_smaller_and_is_evaluated_and_described_as_any_other()
    {
        string model = Train();
        Ended ended = ToolRunner.Run("quantize", model, $"--save-model={_scratch["q8"]}", "--quantize-emb-with-bit=8", "--quantize-mlp-with-bit=8");
        Assert.Equal("", ended.Error);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.True(Size("q8/model.safetensors") < 0.6 * Size("run/model/model.safetensors"));
        using (ModelFolder folder = ModelFolder.Open(_scratch["q8"]))
        {
            Assert.Equal(TensorType.U8, folder.Tensors["emb_l.0.weight.rowwise8"].Type);
            Assert.Equal(TensorType.I8, folder.Tensors["top_l.0.weight"].Type);
            Assert.Equal(TensorType.F32, folder.Tensors["top_l.0.weight.scale"].Type);
        }

        JsonElement before = Evaluate(model);
        JsonElement after = Evaluate(_scratch["q8"]);
        double change = after.GetProperty("loss").GetDouble() - before.GetProperty("loss").GetDouble();
        Assert.InRange(Math.Abs(change), 1e-12, 0.01);
        Assert.Equal(before.GetProperty("samples").GetInt64(), after.GetProperty("samples").GetInt64());

        // Quantized when it is read: the same scores.
        JsonElement read = Evaluate(model, "--quantize-emb-with-bit=8", "--quantize-mlp-with-bit=8");
        Assert.Equal(after.GetProperty("loss").GetRawText(), read.GetProperty("loss").GetRawText());
        Ended lines = ToolRunner.Run([.. Arguments, "--inference-only", $"--load-model={_scratch["q8"]}"]);
        Assert.Contains("Testing for inference only", lines.Out, StringComparison.Ordinal);
        Assert.Contains("precision: tables 8 bit, towers 8 bit", ToolRunner.Run("inspect", _scratch["q8"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quantized_model_is_neither_trained_nor_quantized_again()
    {
        string model = Train();
        ToolRunner.Run("quantize", model, $"--save-model={_scratch["q4"]}", "--quantize-emb-with-bit=4");
        AssertRefused(ToolRunner.Run([.. Arguments, $"--load-model={_scratch["q4"]}"]), "tables 4 bit", "--inference-only");
        AssertRefused(ToolRunner.Run("quantize", _scratch["q4"], $"--save-model={_scratch["again"]}", "--quantize-emb-with-bit=8"), "quantized already (tables 4 bit)");
        AssertRefused(ToolRunner.Run("evaluate", _scratch["q4"], "--quantize-emb-with-bit=8"), "tables 8 bit", "tables 4 bit");
        Assert.Equal(ExitCode.Done, ToolRunner.Run("evaluate", _scratch["q4"], "--quantize-emb-with-bit=4").Code);
    }

    [Fact]
    public void A_mix_gives_every_table_its_bits()
    {
        string model = Train();
        File.WriteAllText(_scratch["mix.json"], """{"tables": {"emb_l.1": 4, "2": 32}, "default": 8, "mlp": 16}""");
        Ended ended = ToolRunner.Run("quantize", model, $"--save-model={_scratch["mix"]}", $"--quantize-config={_scratch["mix.json"]}", "--format=json");
        JsonElement[] parts = [.. JsonDocument.Parse(ended.Out).RootElement.GetProperty("parts").EnumerateArray()];
        Assert.Equal([8, 4, 32, 8, 16], parts.Select(part => part.GetProperty("bits").GetInt32()));
        Assert.Equal(100 * (8 + 8), parts[0].GetProperty("bytes").GetInt32());
        Assert.Equal(57 * (4 + 4), parts[1].GetProperty("bytes").GetInt32());
        Assert.Equal(301 * 32, parts[2].GetProperty("bytes").GetInt32());
        using ModelFolder folder = ModelFolder.Open(_scratch["mix"]);
        Assert.Equal("U8 (57, 8)", folder.Tensors["emb_l.1.weight.rowwise4"].Kind);
        Assert.Equal("F32 (301, 8)", folder.Tensors["emb_l.2.weight"].Kind);
        Assert.Equal("F16 (16, 18)", folder.Tensors["top_l.0.weight"].Kind);
    }

    [Theory]
    [InlineData("""{"tables": {"emb_l.4": 4}}""", "names table 'emb_l.4', but the model has 4 tables, emb_l.0 to emb_l.3")]
    [InlineData("""{"default": 5}""", "'default' is 5; there are 4, 8, 32 bits")]
    [InlineData("""{"mlp": 4}""", "'mlp' is 4; there are 8, 16, 32 bits")]
    [InlineData("""{"table": 4}""", "'table' is not known")]
    [InlineData("""[4]""", "is not what is expected")]
    public void A_mix_that_does_not_fit_is_refused(string text, string expected)
    {
        string model = Train();
        File.WriteAllText(_scratch["mix.json"], text);
        AssertRefused(ToolRunner.Run("quantize", model, $"--save-model={_scratch["mix"]}", $"--quantize-config={_scratch["mix.json"]}"), "--quantize-config=", expected);
        AssertRefused(ToolRunner.Run("evaluate", model, $"--quantize-config={_scratch["mix.json"]}"), expected);
        AssertRefused(ToolRunner.Run([.. Arguments, "--inference-only", $"--quantize-config={_scratch["mix.json"]}"]), expected);
        Assert.False(Directory.Exists(_scratch["mix"]));
    }

    [Fact]
    public void Contradictions_are_refused_naming_both_sides()
    {
        string model = Train();
        string save = $"--save-model={_scratch["q"]}";
        AssertRefused(ToolRunner.Run("quantize", model, save), "--quantize-auto", "--quantize-emb-with-bit");
        AssertRefused(ToolRunner.Run("quantize", model, save, "--quantize-auto", "--quantize-emb-with-bit=8"), "--quantize-auto", "--quantize-emb-with-bit");
        AssertRefused(ToolRunner.Run("quantize", model, save, "--quantize-emb-with-bit=8", "--max-loss-increase=0.1"), "--max-loss-increase", "--quantize-auto");
        AssertRefused(ToolRunner.Run("quantize", model, $"--save-model={model}", "--quantize-emb-with-bit=8"), "--load-model and --save-model");
        AssertRefused(ToolRunner.Run("quantize", model, save, "--quantize-emb-with-bit=5"), "--quantize-emb-with-bit=5: expected one of 4, 8, 32");
        AssertRefused(ToolRunner.Run("quantize", model, save, "--quantize-mlp-with-bit=4"), "--quantize-mlp-with-bit=4: expected one of 8, 16, 32");
        AssertRefused(ToolRunner.Run("quantize", model, "--quantize-emb-with-bit=8"), "--save-model");
        File.WriteAllText(_scratch["mix.json"], """{"default": 8, "mlp": 16}""");
        AssertRefused(
            ToolRunner.Run("quantize", model, save, $"--quantize-config={_scratch["mix.json"]}", "--quantize-emb-with-bit=8"),
            "--quantize-config", "--quantize-emb-with-bit=8");
        AssertRefused(
            ToolRunner.Run("quantize", model, save, $"--quantize-config={_scratch["mix.json"]}", "--quantize-mlp-with-bit=8"),
            "--quantize-config", "--quantize-mlp-with-bit=8");
    }

    [Theory]
    [InlineData("0.0005")]
    [InlineData("0.000001")]
    [InlineData("0")]
    public void The_automatic_choice_keeps_the_loss_within_the_bound(string bound)
    {
        string model = Train();
        Ended ended = ToolRunner.Run(
            "quantize", model, $"--save-model={_scratch["auto"]}", "--quantize-auto", $"--max-loss-increase={bound}", "--format=json");
        Assert.Equal(ExitCode.Done, ended.Code);
        JsonElement found = JsonDocument.Parse(ended.Out).RootElement;
        double limit = double.Parse(bound, System.Globalization.CultureInfo.InvariantCulture);
        double before = Evaluate(model).GetProperty("loss").GetDouble();
        double after = Evaluate(_scratch["auto"]).GetProperty("loss").GetDouble();
        Assert.Equal(before, found.GetProperty("loss_before").GetDouble(), 1e-12);
        Assert.Equal(after, found.GetProperty("loss").GetDouble(), 1e-12);
        Assert.InRange(after - before, -1, limit);
        Assert.True(found.GetProperty("bytes").GetInt64() < found.GetProperty("bytes_before").GetInt64());
    }

    [Fact]
    public void Training_in_16_bits_saves_half_the_bytes_and_goes_on()
    {
        string[] arguments = [.. Arguments, "--embedding-dtype=bf16"];
        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. arguments, $"--output-dir={_scratch["bf16"]}"]).Code);
        using (ModelFolder folder = ModelFolder.Open(_scratch["bf16/model"]))
        {
            Assert.Equal("BF16 (301, 8)", folder.Tensors["emb_l.2.weight"].Kind);
        }

        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. arguments, $"--load-model={_scratch["bf16/model"]}", $"--output-dir={_scratch["more"]}"]).Code);
        AssertRefused(
            ToolRunner.Run([.. Arguments, "--embedding-dtype=fp16", $"--load-model={_scratch["bf16/model"]}", $"--output-dir={_scratch["no"]}"]),
            "--embedding-dtype=fp16", "bf16");
        Ended quantized = ToolRunner.Run("quantize", _scratch["bf16/model"], $"--save-model={_scratch["q"]}", "--quantize-emb-with-bit=8");
        Assert.Equal(ExitCode.Done, quantized.Code);
        Assert.Equal(ExitCode.Done, ToolRunner.Run("evaluate", _scratch["q"]).Code);
    }

    public void Dispose() => _scratch.Dispose();

    private static string[] Arguments => ["train", .. GoldenCase.Find("eval").Arguments, "--num-threads=1"];

    private static void AssertRefused(Ended ended, params string[] texts)
    {
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.All(texts, text => Assert.Contains(text, ended.Error, StringComparison.Ordinal));
    }

    private static JsonElement Evaluate(string model, params string[] more)
    {
        Ended ended = ToolRunner.Run(["evaluate", model, "--format=json", .. more]);
        Assert.Equal("", ended.Error);
        return JsonDocument.Parse(ended.Out).RootElement;
    }

    private string Train()
    {
        Ended ended = ToolRunner.Run([.. Arguments, $"--output-dir={_scratch["run"]}"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        return _scratch["run/model"];
    }

    private long Size(string name) => new FileInfo(_scratch[name]).Length;
}
