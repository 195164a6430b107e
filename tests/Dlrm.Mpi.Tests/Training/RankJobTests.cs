using System.Text.Json;
using Dlrm.Cli.Commands;
using Dlrm.Mpi.Tests.Ranks;
using Xunit;

namespace Dlrm.Mpi.Tests.Training;

/// <summary>The tool on several ranks: how jobs begin, end, fail and go on.</summary>
public sealed class RankJobTests : IDisposable
{
    private static readonly string[] Model =
    [
        "train", "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=300-50-3-20", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--data-size=3200", "--print-freq=10", "--test-freq=200", "--round-targets", "--loss-function=bce",
        "--optimizer=adagrad", "--num-threads=1",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("dlrm-jobs-").FullName;

    private string Out => Path.Combine(_folder, "out");

    [Fact]
    public async Task Ctrl_C_saves_on_all_ranks_and_another_number_of_ranks_goes_on()
    {
        using (MpiRun whole = MpiRun.Tool([.. Model, $"--output-dir={_folder}/one"]))
        {
            string text = await whole.End();
            Assert.True(whole.ExitCode == ExitCode.Done, text);
        }

        using (MpiRun run = MpiRun.Tool([.. Model, "--ranks=2", $"--output-dir={Out}"]))
        {
            await run.Printed("Finished training it 30/");
            await run.Signal("INT");
            string text = await run.End();
            Assert.True(run.ExitCode == ExitCode.Interrupted, text);
            Assert.Contains($"dlrm train --resume={Out}", text, StringComparison.Ordinal);
            Assert.Single(Directory.GetDirectories(Path.Combine(Out, "checkpoints")));
            Assert.Empty(MpiRun.Ranks(Out));
        }

        using MpiRun rest = MpiRun.Tool("train", $"--resume={Out}", "--ranks=3");
        string end = await rest.End();
        Assert.True(rest.ExitCode == ExitCode.Done, end);
        Assert.Equal(FinalLoss(Path.Combine(_folder, "one")), FinalLoss(Out), 1e-5);
        Assert.True(File.Exists(Path.Combine(Out, "report.html")));
    }

    [Fact]
    public async Task Elastic_goes_on_with_the_ranks_that_are_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Ranks are found in /proc.");
        using MpiRun run = MpiRun.Tool(
            [.. Model, "--ranks=3", "--elastic", "--checkpoint-every=20", "--comm-timeout=2min", $"--output-dir={Out}"]);
        await run.Printed("Finished training it 50/");
        await MpiRun.Signal(MpiRun.Ranks(Out)[1], "KILL");
        string text = await run.End();
        Assert.True(run.ExitCode == ExitCode.Done, text);
        Assert.Contains("Rank 1 on ", text, StringComparison.Ordinal);
        Assert.Contains("Going on with 2 ranks from the newest checkpoint (--elastic).", text, StringComparison.Ordinal);
        Assert.Contains("Going on with ", text, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Out, "model", "model.safetensors")));
    }

    [Fact]
    public async Task A_rank_without_memory_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The data segment is limited.");
        using MpiRun run = MpiRun.ToolInShell(
            2, "[ $rank = 0 ] || ulimit -d 700000", [.. Model, "--arch-embedding-size=300-50-30000000-30000000", $"--output-dir={Out}"]);
        string text = await run.End();
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"Rank 1 on {Environment.MachineName}: ", text, StringComparison.Ordinal);
        Assert.Contains("memory", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_rank_whose_disk_is_full_is_named_and_the_checkpoint_before_stands()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The size of files is limited.");
        using MpiRun run = MpiRun.ToolInShell(
            2,
            "[ $rank = 0 ] || { trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 65536; }", // 32 MiB
            [.. Model, "--arch-embedding-size=300-50-3-3000000", "--checkpoint-every=100", $"--output-dir={Out}"]);
        string text = await run.End();
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("ank 1", text, StringComparison.Ordinal);
        Assert.Contains("too large", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Out, "model")));
    }

    [Fact]
    public async Task Options_that_differ_are_named_before_training()
    {
        using MpiRun run = MpiRun.ToolInShell(
            2, "[ $rank = 0 ] || more=--learning-rate=0.2", [.. Model, $"--output-dir={Out}"]);
        string text = await run.End();
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains(
            $"--learning-rate is not there on rank 0 ({Environment.MachineName}) but 0.2 on rank 1 ({Environment.MachineName}).",
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_usage_is_said_once()
    {
        using MpiRun run = MpiRun.ToolInShell(3, "more=", [.. Model, "--loss-function=hinge"]);
        string text = await run.End();
        Assert.Equal(ExitCode.BadUsage, run.ExitCode);
        Assert.Equal(2, text.Split("--loss-function=hinge: expected").Length);
    }

    [Theory]
    [InlineData("--report-slices=0", "no rank has all lookups")]
    [InlineData("--save-onnx", "dlrm export")]
    [InlineData("--debug-mode", "no rank has all parameters")]
    public async Task What_ranks_cannot_do_is_refused_with_what_to_do(string option, string reason)
    {
        using MpiRun run = MpiRun.Tool([.. Model, "--ranks=2", option, $"--output-dir={Out}"]);
        string text = await run.End();
        Assert.Equal(ExitCode.BadUsage, run.ExitCode);
        Assert.Contains(reason, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_mpi_ranks_say_what_to_install_and_one_process_trains()
    {
        using (MpiRun run = MpiRun.ToolWithoutPath([.. Model, "--ranks=2", $"--output-dir={Out}"]))
        {
            string text = await run.End();
            Assert.Equal(ExitCode.Failed, run.ExitCode);
            Assert.Contains("--ranks needs mpirun", text, StringComparison.Ordinal);
            Assert.Contains("apt-get install openmpi-bin", text, StringComparison.Ordinal);
        }

        using MpiRun alone = MpiRun.ToolWithoutPath([.. Model, "--num-batches=2", $"--output-dir={Out}"]);
        string end = await alone.End();
        Assert.True(alone.ExitCode == ExitCode.Done, end);
    }

    [Fact]
    public async Task A_model_of_ranks_is_evaluated_by_ranks_as_by_one_process_quantized_too()
    {
        using (MpiRun run = MpiRun.Tool([.. Model, "--ranks=2", $"--output-dir={Out}"]))
        {
            string text = await run.End();
            Assert.True(run.ExitCode == ExitCode.Done, text);
        }

        foreach (string more in new[] { "--test-freq=200", "--quantize-emb-with-bit=8" })
        {
            string[] options = [.. Model, $"--load-model={Out}/model", "--inference-only", more];
            using MpiRun one = MpiRun.Tool(options);
            using MpiRun two = MpiRun.Tool([.. options, "--ranks=2"]);
            string expected = Accuracy(await one.End());
            Assert.Equal(expected, Accuracy(await two.End()));
            Assert.Contains("accuracy", expected, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Accuracy(string text) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith(" accuracy", StringComparison.Ordinal)) ?? text;

    private static double FinalLoss(string run)
    {
        string line = File.ReadLines(Path.Combine(run, "metrics.jsonl")).Last(line => line.Contains("\"train\"", StringComparison.Ordinal));
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty("loss").GetDouble();
    }
}
