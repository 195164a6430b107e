using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Tests.Golden;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    /// <summary>The golden cases that take a moment; all of them are compared with the reference elsewhere.</summary>
    [Theory]
    [InlineData("readme")]
    [InlineData("readme-seed7")]
    [InlineData("ragged-last")]
    [InlineData("eval")]
    [InlineData("mlperf-eval")]
    [InlineData("epochs")]
    [InlineData("adagrad")]
    public void Redirected_output_is_the_references(string name)
    {
        GoldenCase item = GoldenCase.Find(name);
        Ended ended = Train([.. item.Arguments, $"--output-dir={_scratch["out"]}"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Equal(["Using CPU...", "time/loss/accuracy (if enabled):", .. item.Lines], ended.Lines);
        double[] losses = [.. Metrics("out", "train").Select(line => line.GetProperty("loss").GetDouble())];
        Assert.Equal(item.Lines.Count(line => line.StartsWith("Finished", StringComparison.Ordinal)), losses.Length);
    }

    [Fact]
    public void Random_data_are_named_as_such()
    {
        Ended ended = Train([.. ToolRunner.Readme, $"--output-dir={_scratch["out"]}"]);
        Assert.Contains("Warning: The data are random", ended.Error, StringComparison.Ordinal); // dlrm#374
        Assert.True(File.Exists(_scratch["out/report.html"]));
    }

    [Fact]
    public void A_run_is_repeated_from_its_config_to_the_bit()
    {
        string[] first = [.. ToolRunner.Readme, "--learning-rate=0.3", "--loss-function=wbce", "--loss-weights=1.0-2.5"];
        Assert.Equal(ExitCode.Done, Train([.. first, $"--output-dir={_scratch["a"]}"]).Code);
        Assert.Equal(ExitCode.Done, Train($"--config={_scratch["a/config.json"]}", $"--output-dir={_scratch["b"]}").Code);
        Assert.Equal(
            File.ReadAllBytes(_scratch["a/model/model.safetensors"]), File.ReadAllBytes(_scratch["b/model/model.safetensors"]));
        Assert.Equal(
            JsonDocument.Parse(File.ReadAllText(_scratch["a/config.json"])).RootElement.GetProperty("options").GetRawText(),
            JsonDocument.Parse(File.ReadAllText(_scratch["b/config.json"])).RootElement.GetProperty("options").GetRawText());
    }

    [Fact]
    public void A_saved_model_gives_the_same_metrics_to_the_bit()
    {
        string[] arguments =
        [
            .. GoldenCase.Find("eval").Arguments, $"--output-dir={_scratch["a"]}", $"--save-model={_scratch["best"]}",
        ];
        Ended trained = Train(arguments);
        Assert.Contains($"Saving model to {_scratch["best"]}", trained.Lines);
        JsonElement last = Metrics("a", "eval")[^1];
        Ended evaluated = ToolRunner.Run("evaluate", _scratch["a"], "--format=json", $"--output-dir={_scratch["b"]}");
        Assert.Equal("", evaluated.Error);
        JsonElement again = JsonDocument.Parse(evaluated.Out).RootElement;
        JsonElement written = Metrics("b", "eval")[0];
        foreach (string name in new[] { "step", "samples", "loss", "log_loss", "accuracy", "auc", "ne", "mean_score", "f1" })
        {
            Assert.Equal(last.GetProperty(name).GetRawText(), again.GetProperty(name).GetRawText());
            Assert.Equal(last.GetProperty(name).GetRawText(), written.GetProperty(name).GetRawText());
        }

        Ended table = ToolRunner.Run("evaluate", $"--load-model={_scratch["best"]}");
        Assert.Contains("test log loss", table.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_cross_layers_and_tower_options_is_trained_saved_repeated_and_evaluated()
    {
        string[] arguments =
        [
            "--arch-embedding-size=20-30-5", "--arch-sparse-feature-size=8", "--arch-mlp-bot=13-16-8", "--arch-mlp-top=16-8-1",
            "--arch-interaction-op=dcn", "--dcn-num-layers=2", "--dcn-low-rank-dim=6", "--activation=gelu", "--normalization=batch",
            "--dropout=0.2", "--mlperf-grad-accum-iter=2", "--data-size=200", "--mini-batch-size=16", "--loss-function=bce",
            "--round-targets", "--test-freq=5",
        ];
        Assert.Equal(ExitCode.Done, Train([.. arguments, $"--output-dir={_scratch["a"]}"]).Code);
        Assert.Equal(ExitCode.Done, Train($"--config={_scratch["a/config.json"]}", $"--output-dir={_scratch["b"]}").Code);
        Assert.Equal(
            File.ReadAllBytes(_scratch["a/model/model.safetensors"]), File.ReadAllBytes(_scratch["b/model/model.safetensors"]));
        Ended evaluated = ToolRunner.Run("evaluate", _scratch["a"], "--format=json", $"--output-dir={_scratch["c"]}");
        Assert.Equal("", evaluated.Error);
        Assert.Equal(
            Metrics("a", "eval")[^1].GetProperty("loss").GetRawText(),
            JsonDocument.Parse(evaluated.Out).RootElement.GetProperty("loss").GetRawText());
        using var folder = ModelFolder.Open(_scratch["a/model"]);
        Assert.Equal([32L, 6L], folder.Tensors["inter.W_kernels.1"].Shape);
        Assert.Equal([8L], folder.Tensors["top_l.2.norm.running_var"].Shape);
        string inspected = ToolRunner.Run("inspect", _scratch["a"]).Out;
        Assert.Contains("32 → 6 → 32", inspected, StringComparison.Ordinal);
        Assert.Contains("activation gelu, normalization batch, dropout 0.2", inspected, StringComparison.Ordinal);
    }

    [Fact]
    public void Inference_only_prints_the_references_lines()
    {
        string[] arguments = [.. GoldenCase.Find("eval").Arguments, "--loss-function=bce"];
        Train([.. arguments, $"--output-dir={_scratch["a"]}"]);
        Ended ended = Train([.. arguments, "--inference-only", $"--load-model={_scratch["a"]}"]);
        Assert.Equal("Testing for inference only", ended.Lines[0]);
        Assert.StartsWith(" accuracy ", ended.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_goes_on_from_a_saved_model()
    {
        Train([.. ToolRunner.Readme, $"--output-dir={_scratch["a"]}"]);
        Ended ended = Train($"--config={_scratch["a/config.json"]}", $"--load-model={_scratch["a"]}", $"--output-dir={_scratch["b"]}");
        Assert.Equal(ExitCode.Done, ended.Code);
        double first = Metrics("a", "train")[0].GetProperty("loss").GetDouble();
        double further = Metrics("b", "train")[0].GetProperty("loss").GetDouble();
        Assert.True(further < first, $"{further} is no less than {first}");
    }

    [Fact]
    public void A_run_goes_on_with_the_optimizer_s_state()
    {
        Train([.. ToolRunner.Readme, "--optimizer=adam", $"--output-dir={_scratch["a"]}"]);
        Ended same = Train($"--config={_scratch["a/config.json"]}", $"--load-model={_scratch["a"]}", $"--output-dir={_scratch["b"]}");
        Ended other = Train(
            $"--config={_scratch["a/config.json"]}", $"--load-model={_scratch["a"]}", "--optimizer=ftrl", $"--output-dir={_scratch["c"]}");
        Assert.DoesNotContain("starts anew", same.Error, StringComparison.Ordinal);
        Assert.Contains("no state of --optimizer=ftrl", other.Error, StringComparison.Ordinal);
        Assert.Equal(2 * Steps("a"), Steps("b"));

        float Steps(string run)
        {
            using var folder = ModelFolder.Open(_scratch[$"{run}/model"]);
            using var step = new NativeBuffer<float>(1);
            folder.ReadOptimizerInto("dense.step", step, [1]);
            return step[0];
        }
    }

    [Fact]
    public void Options_for_another_optimizer_are_said_to_have_no_effect()
    {
        Ended ended = Train([.. ToolRunner.Readme, "--optimizer=adam", "--momentum=0.9", "--ftrl-l1=1", $"--output-dir={_scratch["a"]}"]);
        Assert.Contains("--momentum has no effect with --optimizer=adam", ended.Error, StringComparison.Ordinal);
        Assert.Contains("--ftrl-l1 has no effect with --optimizer=adam", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_have_a_rate_of_their_own()
    {
        Train([.. ToolRunner.Readme, "--learning-rate=0.5", $"--output-dir={_scratch["a"]}"]);
        Train([.. ToolRunner.Readme, "--learning-rate=0.5", "--learning-rate-sparse=0.5", $"--output-dir={_scratch["b"]}"]);
        Train([.. ToolRunner.Readme, "--learning-rate=0.5", "--learning-rate-sparse=0", $"--output-dir={_scratch["c"]}"]);
        byte[][] models = [.. "abc".Select(run => File.ReadAllBytes(_scratch[$"{run}/model/model.safetensors"]))];
        Assert.Equal(models[0], models[1]);
        Assert.NotEqual(models[0], models[2]);
    }

    [Fact]
    public void A_saved_model_of_another_shape_is_refused()
    {
        Train([.. ToolRunner.Readme, $"--output-dir={_scratch["a"]}"]);
        Ended ended = Train("--arch-embedding-size=4-3-3", $"--load-model={_scratch["a"]}", $"--output-dir={_scratch["b"]}");
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains("4-3-2 rows", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch["b"]));
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_the_run_and_leaves_a_saved_model_alone()
    {
        string[] arguments = [.. GoldenCase.Find("bce").Arguments, $"--output-dir={_scratch["out"]}"];
        Assert.Equal(ExitCode.Done, Train(arguments).Code);
        byte[] good = File.ReadAllBytes(_scratch["out/model/model.safetensors"]);
        Ended ended = Train([.. arguments, "--learning-rate=1e38"]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("The loss is NaN at step 2 (batch 1 of epoch 0). Largest activations: ", ended.Error, StringComparison.Ordinal);
        Assert.Equal(good, File.ReadAllBytes(_scratch["out/model/model.safetensors"]));
        ended = Train([.. arguments, "--learning-rate=1e38", "--nan-policy=warn"]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("a parameter is not finite, so the model was not saved", ended.Error, StringComparison.Ordinal);
        Assert.Equal(good, File.ReadAllBytes(_scratch["out/model/model.safetensors"]));
    }

    [Fact]
    public void Towers_that_do_not_fit_the_embeddings_are_refused_with_both_sides()
    {
        Ended ended = Train([.. GoldenCase.Find("bad-dim").Arguments, $"--output-dir={_scratch["out"]}"]);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains("--arch-mlp-bot=4-3-3", ended.Error, StringComparison.Ordinal);
        Assert.Contains("--arch-sparse-feature-size=2", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch["out"]));
    }

    [Fact]
    public void A_folder_that_holds_other_things_is_refused_before_training()
    {
        Directory.CreateDirectory(_scratch["papers"]);
        File.WriteAllText(_scratch["papers/thesis.tex"], "");
        Ended ended = Train([.. ToolRunner.Readme, $"--save-model={_scratch["papers"]}", $"--output-dir={_scratch["out"]}"]);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains(
            $"--save-model: {_scratch["papers"]} is a folder that holds something other than a model: name a new folder.",
            ended.Error,
            StringComparison.Ordinal);
        Assert.Equal("", ended.Out);
        Assert.Equal([_scratch["papers/thesis.tex"]], Directory.GetFileSystemEntries(_scratch["papers"]));
    }

    [Fact]
    public void Quiet_prints_warnings_only()
    {
        Ended ended = Train([.. ToolRunner.Readme, "--quiet", $"--output-dir={_scratch["out"]}"]);
        Assert.Equal("", ended.Out);
        Assert.All(ended.Error.TrimEnd('\n').Split('\n'), line => Assert.StartsWith("Warning: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_options_the_embedded_sample_is_learnt()
    {
        Ended ended = Train("--nepochs=1", "--num-batches=100", $"--output-dir={_scratch["out"]}");
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Contains("Adult census income", ended.Error, StringComparison.Ordinal);
        Assert.Contains("normalized entropy", ended.Error, StringComparison.Ordinal);
        Assert.Contains(_scratch["out/report.html"], ended.Error, StringComparison.Ordinal);
        Assert.True(Metrics("out", "eval")[^1].GetProperty("auc").GetDouble() > 0.85);
    }

    public void Dispose() => _scratch.Dispose();

    private static Ended Train(params string[] arguments) => ToolRunner.Run(["train", .. arguments]);

    private JsonElement[] Metrics(string run, string kind) =>
    [
        .. File.ReadLines(Path.Combine(_scratch[run], "metrics.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("kind").GetString() == kind),
    ];
}
