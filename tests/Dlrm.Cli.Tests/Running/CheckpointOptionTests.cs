using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>--save-best, a bare --resume, a run's folder as a model, and the report of a run that was resumed.</summary>
public sealed class CheckpointOptionTests : IDisposable
{
    private static readonly string[] Options =
    [
        "train", "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=60-50-3", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--data-size=320", "--nepochs=2", "--print-freq=7", "--test-freq=9", "--round-targets",
        "--loss-function=bce", "--optimizer=adagrad", "--num-threads=1",
    ];

    private readonly ScratchFolder _scratch = new();

    private string Out => _scratch["out"];

    [Theory]
    [InlineData("loss")]
    [InlineData("accuracy")]
    [InlineData("auc")]
    public void The_best_model_is_that_of_the_best_test(string metric)
    {
        Train($"--output-dir={Out}", $"--save-best={metric}", "--learning-rate=0.5");
        double[] tests =
        [
            .. File.ReadLines(Path.Combine(Out, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)
                .Where(line => (string?)line["kind"] == "eval").Select(line => (double)line[metric]!),
        ];
        Assert.True(tests.Distinct().Count() > 2, "the tests must differ");
        Ended scored = ToolRunner.Run("evaluate", Path.Combine(Out, "best"), "--format=json");
        Assert.True(scored.Code == ExitCode.Done, scored.Error);
        double best = JsonDocument.Parse(scored.Out).RootElement.GetProperty(metric).GetDouble();
        Assert.Equal(metric == "loss" ? tests.Min() : tests.Max(), best, 1e-12);

        Ended resumed = ToolRunner.Run("train", $"--resume={Path.Combine(Out, "best")}");
        Assert.Equal(ExitCode.BadUsage, resumed.Code);
        Assert.Contains("begins a new run with it", resumed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bare_resume_goes_on_with_the_newest_run()
    {
        Assert.Contains("no folder in runs/ holds a checkpoint", Start("train", "--resume").Error, StringComparison.Ordinal);
        Train($"--output-dir={_scratch["runs/older"]}");
        Train($"--output-dir={_scratch["runs/newer"]}");
        Directory.SetLastWriteTimeUtc(_scratch["runs/older/model"], DateTime.UtcNow.AddHours(-1));
        Ended ended = Start("train", "--resume");
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
        Assert.Contains($"{Path.Combine("newer", "model")}, after step 80", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_runs_folder_as_a_model_is_its_newest_sound_checkpoint()
    {
        Train($"--output-dir={Out}", "--checkpoint-every=5");
        Assert.Equal(ExitCode.Done, ToolRunner.Run("train", $"--resume={Out}", "--nepochs=3", "--keep=9").Code); // begins with one
        Directory.Delete(Path.Combine(Out, "model"), recursive: true);
        string[] checkpoints = [.. new CheckpointFolder(Path.Combine(Out, "checkpoints")).List().Select(entry => entry.Path)];
        string damaged = Path.Combine(checkpoints[0], "model.safetensors");
        byte[] bytes = File.ReadAllBytes(damaged);
        bytes[^3] ^= 1;
        File.WriteAllBytes(damaged, bytes);

        Ended before = ToolRunner.Run("evaluate", checkpoints[1], "--format=json");
        Ended run = ToolRunner.Run("evaluate", Out, "--format=json");
        Assert.Equal(before.Out, run.Out);
        Assert.Contains(damaged, run.Error, StringComparison.Ordinal);
        Assert.Contains("The checkpoint before it is tried.", run.Error, StringComparison.Ordinal);
        foreach (string checkpoint in checkpoints)
        {
            File.Delete(Path.Combine(checkpoint, "config.json"));
        }

        Ended none = ToolRunner.Run("evaluate", Out, "--format=json");
        Assert.Equal(ExitCode.Failed, none.Code);
        Assert.Contains($"None of {checkpoints.Length} checkpoints is sound", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_of_a_resumed_run_is_that_of_one_never_stopped()
    {
        Train($"--output-dir={_scratch["whole"]}", "--report-slices=1");
        Train($"--output-dir={Out}", "--report-slices=1", "--checkpoint-every=5", "--keep=99");
        string middle = new CheckpointFolder(Path.Combine(Out, "checkpoints")).List()[^1].Path;
        Ended ended = ToolRunner.Run("train", $"--resume={middle}", $"--output-dir={_scratch["rest"]}");
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
        Assert.Equal(File.ReadAllText(_scratch["whole/curves.json"]), File.ReadAllText(_scratch["rest/curves.json"]));
        string[] reports = [.. new[] { "whole", "rest" }.Select(run => File.ReadAllText(_scratch[$"{run}/report.html"]))];
        Assert.All(reports, report => Assert.Contains("labels do not depend", report, StringComparison.Ordinal));
        Assert.Equal(LossCurves(reports[0]), LossCurves(reports[1]));
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>The first picture: losses by step, no times.</summary>
    private static string LossCurves(string report)
    {
        int start = report.IndexOf("<svg", StringComparison.Ordinal);
        return report[start..report.IndexOf("</svg>", start, StringComparison.Ordinal)];
    }

    private static void Train(params string[] more)
    {
        Ended ended = ToolRunner.Run([.. Options, .. more]);
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
    }

    /// <summary>In a process of its own, whose folder is the scratch folder.</summary>
    private Ended Start(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _scratch.Path,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Ended(process.ExitCode, output, error.Result);
    }
}
