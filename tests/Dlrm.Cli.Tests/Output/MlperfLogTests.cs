using System.Text.Json;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

/// <summary>
/// mllog.txt against the rules for dlrm of MLPerf's compliance checker (mlcommons/logging, training 1.0 to 2.1: common,
/// closed_common and closed_dlrm), written down here anew.
/// </summary>
public sealed class MlperfLogTests : IDisposable
{
    private static readonly string[] ExactlyOnce =
    [
        "submission_org", "submission_platform", "submission_division", "submission_status", "submission_benchmark",
        "init_stop", "run_start", "run_stop", "train_samples", "eval_samples", "gradient_accumulation_steps",
        "global_batch_size", "opt_base_learning_rate", "opt_learning_rate_warmup_steps", "lr_decay_start_steps",
        "sgd_opt_base_learning_rate", "sgd_opt_learning_rate_decay_poly_power", "sgd_opt_learning_rate_decay_steps",
    ];

    private static readonly string[] AtLeastOnce =
    [
        "cache_clear", "init_start", "block_start", "block_stop", "epoch_start", "epoch_stop", "eval_start", "eval_stop",
        "eval_accuracy", "weights_initialization",
    ];

    /// <summary>Widths of MLPerf's model, so that it has the tensors that the rules of 2.0 name.</summary>
    private static readonly string[] Sample =
    [
        "train", "--data-generation=sample", "--arch-mlp-bot=6-32-16-8", "--arch-mlp-top=32-16-16-8-1", "--arch-sparse-feature-size=8",
        "--loss-function=bce", "--learning-rate=0.2", "--mini-batch-size=128", "--test-mini-batch-size=4096", "--num-batches=100",
        "--test-freq=25", "--print-freq=25", "--mlperf-logging",
    ];

    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void A_run_that_reaches_its_target_passes_the_checkers_rules()
    {
        Line[] lines = Train("--mlperf-auc-threshold=0.8025", "--nepochs=2");
        foreach (string key in ExactlyOnce)
        {
            Assert.Single(lines, line => line.Key == key);
        }

        foreach (string key in AtLeastOnce)
        {
            Assert.Contains(lines, line => line.Key == key);
        }

        Assert.Contains(Value("submission_division").GetString(), (string[])["closed", "open"]);
        Assert.Contains(Value("submission_status").GetString(), (string[])["cloud", "onprem", "preview", "research"]);
        Assert.Equal("dlrm", Value("submission_benchmark").GetString());
        Assert.Equal(2, Value("sgd_opt_learning_rate_decay_poly_power").GetInt32());
        Assert.True(Value("gradient_accumulation_steps").GetInt32() > 0);
        Assert.Contains(lines, line => line.Key == "eval_accuracy" && line.Value.GetDouble() is >= 0.8025 and < 1);
        Assert.All(
            lines.Where(line => line.Key is "eval_start" or "eval_stop" or "eval_accuracy" or "epoch_start" or "epoch_stop"),
            line => Assert.True(line.Metadata.TryGetProperty("epoch_num", out _), line.Key));
        Assert.All(
            lines.Where(line => line.Key is "block_start" or "block_stop"),
            line => Assert.True(line.Metadata.GetProperty("first_epoch_num").GetInt32() > 0, line.Key));
        Assert.All(lines.Where(line => line.Key == "block_start"), line => Assert.True(line.Metadata.GetProperty("epoch_count").GetInt32() > 0));
        Assert.Equal("success", lines.Single(line => line.Key == "run_stop").Metadata.GetProperty("status").GetString());
        AssertOrder(lines, "init_start", "init_stop", "run_start", "block_start", "epoch_start", "eval_start", "eval_stop", "eval_accuracy");
        AssertOrder(lines, "epoch_stop", "block_stop", "run_stop");
        Assert.Equal(
            ["bottom_mlp_dense1", "bottom_mlp_dense2", "bottom_mlp_dense3", "embeddings", "top_mlp_dense1", "top_mlp_dense2",
                "top_mlp_dense3", "top_mlp_dense4", "top_mlp_dense5"],
            lines.Where(line => line.Key == "weights_initialization").Select(line => line.Metadata.GetProperty("tensor").GetString()!).Order());
        Assert.Equal(lines.Select(line => line.Time).Order(), lines.Where(line => line.Key != "init_start").Select(line => line.Time)
            .Prepend(lines.Single(line => line.Key == "init_start").Time));

        JsonElement Value(string key) => lines.Single(line => line.Key == key).Value;
    }

    [Fact]
    public void Training_stops_at_the_target()
    {
        Train("--mlperf-auc-threshold=0.6", "--nepochs=2");
        JsonElement[] tests = Metrics("eval");
        JsonElement end = Assert.Single(Metrics("end"));
        Assert.True(tests[^1].GetProperty("auc").GetDouble() > 0.6);
        Assert.All(tests[..^1], test => Assert.True(test.GetProperty("auc").GetDouble() <= 0.6));
        Assert.Equal("target reached", end.GetProperty("outcome").GetString());
        Assert.Equal(tests[^1].GetProperty("step").GetInt64(), end.GetProperty("step").GetInt64());
        Assert.True(end.GetProperty("step").GetInt64() < 200);
    }

    [Fact]
    public void A_run_that_misses_its_target_is_aborted()
    {
        Line[] lines = Train("--mlperf-auc-threshold=0.999", "--nepochs=2");
        Assert.Equal("aborted", lines.Single(line => line.Key == "run_stop").Metadata.GetProperty("status").GetString());
        Assert.Equal([1.0, 2.0], lines.Where(line => line.Key == "epoch_start").Select(line => line.Metadata.GetProperty("epoch_num").GetDouble()));
        Assert.Equal([1.0, 2.0], lines.Where(line => line.Key == "epoch_stop").Select(line => line.Metadata.GetProperty("epoch_num").GetDouble()));
        Assert.Equal(
            [1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3],
            lines.Where(line => line.Key == "eval_accuracy").Select(line => line.Metadata.GetProperty("epoch_num").GetDouble()));
    }

    [Fact]
    public void A_run_that_fails_is_aborted_and_its_metrics_say_so()
    {
        Ended ended = ToolRunner.Run([.. Sample, "--learning-rate=1e38", $"--output-dir={_scratch["out"]}"]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Line[] lines = Read();
        Assert.Equal("aborted", lines[^1].Metadata.GetProperty("status").GetString());
        Assert.Equal("failed", Assert.Single(Metrics("end")).GetProperty("outcome").GetString());
    }

    [Fact]
    public void Standard_output_has_none_of_these_lines()
    {
        Ended ended = ToolRunner.Run([.. Sample, $"--output-dir={_scratch["out"]}"]);
        Assert.DoesNotContain(":::MLLOG", ended.Out, StringComparison.Ordinal);
        ended = ToolRunner.Run([.. Sample[..^1], $"--output-dir={_scratch["without"]}"]);
        Assert.False(File.Exists(_scratch["without/mllog.txt"]));
    }

    public void Dispose() => _scratch.Dispose();

    private static void AssertOrder(Line[] lines, params string[] keys)
    {
        int[] places = [.. keys.Select(key => Array.FindIndex(lines, line => line.Key == key))];
        Assert.Equal(places.Order(), places);
    }

    private Line[] Train(params string[] more)
    {
        Ended ended = ToolRunner.Run([.. Sample, .. more, $"--output-dir={_scratch["out"]}"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        return Read();
    }

    /// <summary>As the checker's parser reads a file.</summary>
    private Line[] Read() =>
    [
        .. File.ReadLines(_scratch["out/mllog.txt"]).Select(text =>
        {
            Assert.StartsWith(":::MLLOG ", text, StringComparison.Ordinal);
            JsonElement root = JsonDocument.Parse(text[9..]).RootElement;
            Assert.Equal(["namespace", "time_ms", "event_type", "key", "value", "metadata"], root.EnumerateObject().Select(member => member.Name));
            return new Line(
                root.GetProperty("time_ms").GetInt64(), root.GetProperty("key").GetString()!, root.GetProperty("value"), root.GetProperty("metadata"));
        }),
    ];

    private JsonElement[] Metrics(string kind) =>
    [
        .. File.ReadLines(_scratch["out/metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("kind").GetString() == kind),
    ];

    private sealed record Line(long Time, string Key, JsonElement Value, JsonElement Metadata);
}
