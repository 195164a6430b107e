using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Running;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>--resume: what it goes on with, and what it refuses.</summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly string[] Options =
    [
        "train", "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=60-50-3", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--data-size=480", "--print-freq=7", "--test-freq=25", "--round-targets", "--loss-function=bce",
        "--optimizer=adagrad", "--num-threads=1",
    ];

    private readonly ScratchFolder _scratch = new();

    private string Out => _scratch["out"];

    private string Checkpoints => Path.Combine(Out, "checkpoints");

    [Fact]
    public void A_finished_run_ends_at_once_and_goes_on_with_more_epochs()
    {
        Train("--nepochs=2", $"--output-dir={_scratch["twice"]}");
        Train($"--output-dir={Out}");
        Ended again = Succeed("train", $"--resume={Out}");
        Assert.Contains("after step 60", again.Error, StringComparison.Ordinal);
        Succeed("train", $"--resume={Out}", "--nepochs=2");
        RequireSame(_scratch["twice"], Out);
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("fp16")]
    public void Tables_in_16_bits_go_on_with_the_same_bits(string type)
    {
        Train($"--embedding-dtype={type}", $"--output-dir={_scratch["whole"]}");
        Train($"--embedding-dtype={type}", $"--output-dir={Out}", "--checkpoint-every=20", "--keep=9");
        Succeed("train", $"--resume={Path.Combine(Checkpoints, Steps()[^1])}", "--num-threads=3");
        RequireSame(_scratch["whole"], Out);
    }

    [Theory]
    [InlineData("flip", "is damaged: its XxHash3 is")]
    [InlineData("cut", "bytes, but")]
    [InlineData("missing", "is missing")]
    [InlineData("version", "format version 7; this program reads version 1")]
    [InlineData("state", "The state of training cannot be read")]
    [InlineData("manifest", "holds no manifest.json")]
    public void A_damaged_checkpoint_is_named_and_the_one_before_is_used(string damage, string message)
    {
        Train("--nepochs=2", $"--output-dir={_scratch["whole"]}");
        TrainWithTwoCheckpoints();
        string[] steps = Steps();
        string newest = Path.Combine(Checkpoints, steps[0]);
        Damage(newest, damage);

        Ended ended = Succeed("train", $"--resume={Out}", "--nepochs=2");
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
        Assert.Contains(newest, ended.Error, StringComparison.Ordinal);
        Assert.Contains($"Going on with {Path.Combine(Checkpoints, steps[1])}", ended.Error, StringComparison.Ordinal);
        RequireSame(_scratch["whole"], Out);
        Assert.True(Directory.Exists(Path.Combine(Checkpoints, "aside-" + steps[0])));
    }

    [Fact]
    public void Nothing_sound_is_an_error_that_names_the_newest()
    {
        Train($"--output-dir={Out}", "--checkpoint-every=20");
        Directory.Delete(Path.Combine(Out, "model"), recursive: true);
        foreach (string step in Steps())
        {
            Damage(Path.Combine(Checkpoints, step), "cut");
        }

        Ended ended = ToolRunner.Run("train", $"--resume={Out}");
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("no checkpoint of", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_checkpoint_can_be_gone_on_from_here_or_elsewhere()
    {
        Train($"--output-dir={_scratch["whole"]}");
        Train($"--output-dir={Out}", "--checkpoint-every=20", "--keep=9");
        string oldest = Path.Combine(Checkpoints, Steps()[^1]);
        Succeed("train", $"--resume={oldest}", $"--output-dir={_scratch["other"]}");
        RequireSame(_scratch["whole"], _scratch["other"]);
        Succeed("train", $"--resume={oldest}", "--num-threads=3");
        RequireSame(_scratch["whole"], Out);
    }

    [Fact]
    public void Averages_go_on_to_the_bit()
    {
        const string average = "--average-weights=0.9";
        Train(average, $"--output-dir={_scratch["whole"]}");
        Train(average, $"--output-dir={Out}", "--checkpoint-every=20", "--keep=9");
        string oldest = Path.Combine(Checkpoints, Steps()[^1]);
        Succeed("train", $"--resume={oldest}", $"--output-dir={_scratch["other"]}");
        RequireSame(_scratch["whole"], _scratch["other"]);
    }

    [Theory]
    [InlineData("--arch-embedding-size=60-50-4", "--arch-embedding-size=60-50-4, but", "60-50-3")]
    [InlineData("--mini-batch-size=16", "--mini-batch-size=16, but", "saved with 8")]
    [InlineData("--optimizer=adam", "--optimizer=adam, but", "saved with adagrad")]
    [InlineData("--data-size=960", "--data-size=960, but", "saved with 480")]
    [InlineData("--arch-interaction-op=cat", "--arch-interaction-op=cat, but", "saved with dot")]
    public void What_does_not_fit_is_refused_with_both_sides_named(string option, params string[] messages)
    {
        Train($"--output-dir={Out}");
        Ended ended = ToolRunner.Run("train", $"--resume={Out}", option);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.All(messages, message => Assert.Contains(message, ended.Error, StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_run_never_writes_among_another_runs_checkpoints()
    {
        Train($"--output-dir={Out}", "--checkpoint-every=20");
        Ended ended = ToolRunner.Run([.. Options, $"--output-dir={Out}"]);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains("add --resume", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_process_is_refused_and_a_lock_left_behind_is_not_in_the_way()
    {
        Train($"--output-dir={Out}", "--checkpoint-every=20");
        using (RunLock.Take(Out))
        {
            Ended refused = ToolRunner.Run("train", $"--resume={Out}");
            Assert.Equal(ExitCode.Failed, refused.Code);
            Assert.Contains($"is being written by process {Environment.ProcessId} on {Environment.MachineName} since 2", refused.Error, StringComparison.Ordinal);
        }

        File.WriteAllText(Path.Combine(Out, "run.owner.json"), """{"pid":1234567,"host":"gone","since":"2026-01-02 15:04:05Z"}""");
        Ended ended = Succeed("train", $"--resume={Out}");
        Assert.Contains("process 1234567 on gone since 2026-01-02 15:04:05Z", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Changed_rates_are_told_and_unknown_members_of_a_newer_version_are_not_in_the_way()
    {
        TrainWithTwoCheckpoints();
        Ended ended = Succeed("train", $"--resume={Path.Combine(Checkpoints, Steps()[^1])}", "--learning-rate=0.5");
        Assert.Contains("From here on --learning-rate=0.5; until step", ended.Error, StringComparison.Ordinal);

        string folder = Path.Combine(Checkpoints, Steps()[0]);
        Rewrite(folder, "state.json", node => node["future"] = new JsonObject { ["x"] = 1 });
        Rewrite(folder, "config.json", node => node["futureLayers"] = null);
        Succeed("train", $"--resume={folder}", $"--output-dir={_scratch["other"]}");

        Rewrite(folder, "config.json", node => node["futureLayers"] = 3);
        Ended refused = ToolRunner.Run("train", $"--resume={folder}", $"--output-dir={_scratch["third"]}");
        Assert.Equal(ExitCode.Failed, refused.Code);
        Assert.Contains("futureLayers", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10", "steps")]
    [InlineData("0", null)]
    [InlineData("5h", null)]
    public void The_interval_is_steps_seconds_or_minutes(string text, string? unit)
    {
        Ended ended = ToolRunner.Run([.. Options, $"--output-dir={Out}", $"--checkpoint-every={text}"]);
        Assert.Equal(unit is null ? ExitCode.BadUsage : ExitCode.Done, ended.Code);
        Assert.Equal(unit is null, ended.Error.Contains("such as 1000, 1000steps, 30s or 10min", StringComparison.Ordinal));
    }

    public void Dispose() => _scratch.Dispose();

    private static void Damage(string folder, string damage)
    {
        string tensors = Path.Combine(folder, "optimizer.safetensors");
        byte[] bytes = File.ReadAllBytes(tensors);
        switch (damage)
        {
            case "flip":
                bytes[^5] ^= 4;
                File.WriteAllBytes(tensors, bytes);
                break;
            case "cut":
                File.WriteAllBytes(tensors, bytes[..^9]);
                break;
            case "missing":
                File.Delete(tensors);
                break;
            case "manifest":
                File.Delete(Path.Combine(folder, "manifest.json"));
                break;
            case "state":
                Rewrite(folder, "state.json", node => node["step"] = -4);
                break;
            default:
                string manifest = Path.Combine(folder, "manifest.json");
                File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"format_version\": 1", "\"format_version\": 7", StringComparison.Ordinal));
                break;
        }
    }

    /// <summary>Changes a file and its entry in the manifest, as another version might have written it.</summary>
    private static void Rewrite(string folder, string name, Action<JsonNode> change)
    {
        string path = Path.Combine(folder, name);
        JsonNode node = JsonNode.Parse(File.ReadAllText(path))!;
        change(node);
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(node);
        File.WriteAllBytes(path, bytes);
        string manifest = Path.Combine(folder, "manifest.json");
        JsonNode entries = JsonNode.Parse(File.ReadAllText(manifest))!;
        entries["files"]![name] = new JsonObject
        {
            ["size"] = bytes.Length,
            ["xxhash3"] = Convert.ToHexStringLower(System.IO.Hashing.XxHash3.Hash(bytes)),
        };
        File.WriteAllText(manifest, entries.ToJsonString());
    }

    private static void RequireSame(string expected, string actual)
    {
        foreach (string file in new[] { "model/model.safetensors", "model/optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(expected, file)), File.ReadAllBytes(Path.Combine(actual, file)));
        }

        Assert.Equal(
            MetricsComparison.Lines(Path.Combine(expected, "metrics.jsonl")),
            MetricsComparison.Lines(Path.Combine(actual, "metrics.jsonl")));
    }

    private static Ended Succeed(params string[] arguments)
    {
        Ended ended = ToolRunner.Run(arguments);
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
        return ended;
    }

    private static void Train(params string[] more) => Succeed([.. Options, .. more]);

    /// <summary>One due while another is written waits, so how many there are is not known; but a run that goes on begins with one.</summary>
    private void TrainWithTwoCheckpoints()
    {
        Train($"--output-dir={Out}", "--checkpoint-every=20");
        Succeed("train", $"--resume={Out}", "--nepochs=2", "--keep=9");
        Directory.Delete(Path.Combine(Out, "model"), recursive: true);
    }

    private string[] Steps() =>
    [
        .. Directory.GetDirectories(Checkpoints, "step-*").Select(path => Path.GetFileName(path)!)
            .OrderByDescending(name => int.Parse(name.AsSpan(5), System.Globalization.CultureInfo.InvariantCulture)),
    ];
}
