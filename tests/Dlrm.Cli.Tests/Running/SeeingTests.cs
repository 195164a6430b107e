using System.Text.Json;
using System.Xml.Linq;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>What shows the inside of a run: the profile, its trace, and the drawing of the model.</summary>
public class SeeingTests
{
    private static readonly string[] Arguments =
    [
        "--arch-mlp-bot=4-3-2", "--arch-mlp-top=4-2-1", "--arch-embedding-size=40-30-2", "--arch-sparse-feature-size=2",
        "--mini-batch-size=20", "--num-batches=6", "--print-freq=3", "--test-freq=3", "--num-threads=2",
    ];

    [Fact]
    public void Profiling_gives_the_time_by_stage_and_layer_and_a_trace()
    {
        using var folder = new ScratchFolder();
        Ended run = ToolRunner.Run(["train", .. Arguments, "--enable-profiling", $"--output-dir={folder["run"]}"]);
        Assert.Equal(0, run.Code);
        string table = File.ReadAllText(folder["run/profile.txt"]);
        Assert.Contains(table, run.Error, StringComparison.Ordinal);
        Assert.StartsWith("6 training steps and 12 test batches", table, StringComparison.Ordinal);
        string[] names = [.. table.Split('\n').Skip(2).Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("").Trim())];
        foreach (string name in (string[])["wait for data", "bottom forward", "bot_l.2", "embedding forward", "emb_l.1", "top backward", "top_l.4", "sort lookups", "dense update", "everything else"])
        {
            Assert.Contains(name, names);
        }

        using JsonDocument trace = JsonDocument.Parse(File.ReadAllText(folder["run/trace.json"]));
        JsonElement[] events = [.. trace.RootElement.GetProperty("traceEvents").EnumerateArray()];
        string[] threads = [.. events.Where(e => e.GetProperty("name").GetString() == "thread_name").Select(e => e.GetProperty("args").GetProperty("name").GetString()!)];
        Assert.Equal(["steps, stages, layers", "worker 0", "worker 1"], threads);
        JsonElement[] spans = [.. events.Where(e => e.GetProperty("ph").GetString() == "X")];
        JsonElement[] steps = [.. spans.Where(e => e.GetProperty("name").GetString() == "training step")];
        Assert.Equal(6, steps.Length);
        foreach (JsonElement stage in spans.Where(e => e.GetProperty("name").GetString() == "dense update"))
        {
            Assert.Contains(steps, step => Holds(step, stage));
        }

        JsonElement[] backward = [.. spans.Where(e => e.GetProperty("name").GetString() == "bottom backward")];
        Assert.All(backward, stage => Assert.Contains(spans, layer =>
            layer.GetProperty("name").GetString() == "bot_l.0.weight" && Holds(stage, layer)));
    }

    [Fact]
    public void A_profile_changes_no_bit_of_the_model()
    {
        using var folder = new ScratchFolder();
        ToolRunner.Run(["train", .. Arguments, "--enable-profiling", $"--output-dir={folder["on"]}"]);
        ToolRunner.Run(["train", .. Arguments, $"--output-dir={folder["off"]}"]);
        Assert.Equal(
            File.ReadAllBytes(folder["off/model/model.safetensors"]), File.ReadAllBytes(folder["on/model/model.safetensors"]));
        Assert.False(File.Exists(folder["off/trace.json"]));
    }

    [Fact]
    public void Evaluate_profiles_and_draws_too()
    {
        using var folder = new ScratchFolder();
        ToolRunner.Run(["train", .. Arguments, $"--output-dir={folder["run"]}"]);
        Ended run = ToolRunner.Run(
            "evaluate", folder["run"], "--enable-profiling", "--plot-compute-graph", $"--output-dir={folder["test"]}");
        Assert.Equal(0, run.Code);
        Assert.Contains("0 training steps and 6 test batches", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["test/trace.json"]));
        Assert.True(File.Exists(folder["test/model.svg"]));
    }

    [Fact]
    public void The_drawing_has_every_layer_and_table_with_shape_and_parameters()
    {
        using var folder = new ScratchFolder();
        ToolRunner.Run(
            ["train", .. Arguments, "--plot-compute-graph", "--pooling=sum,mean,sum", $"--output-dir={folder["run"]}"]);
        XDocument svg = XDocument.Load(folder["run/model.svg"]);
        string[] texts = [.. svg.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];
        foreach (string text in (string[])["bot_l.0", "4 → 3", "15 params", "emb_l.1", "30 × 2, mean", "60 params", "dot", "4 × 2 → 8", "top_l.4", "3 params", "score"])
        {
            Assert.Contains(text, texts);
        }

        Assert.Contains("prefers-color-scheme:dark", svg.ToString(), StringComparison.Ordinal);
    }

    private static bool Holds(JsonElement outer, JsonElement inner) =>
        outer.GetProperty("tid").GetInt32() == inner.GetProperty("tid").GetInt32()
        && Begin(outer) <= Begin(inner) + 0.001
        && Begin(inner) + inner.GetProperty("dur").GetDouble() <= Begin(outer) + outer.GetProperty("dur").GetDouble() + 0.002;

    private static double Begin(JsonElement item) => item.GetProperty("ts").GetDouble();
}
