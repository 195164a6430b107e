using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>Whatever a run remembers between two steps is in its checkpoints: from any of them on, the same bits and metrics.</summary>
public sealed class ExactResumeTests : IDisposable
{
    private static readonly string[] Random =
    [
        "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=60-50-3", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--data-size=320", "--nepochs=2", "--print-freq=7", "--test-freq=15", "--round-targets",
        "--loss-function=bce", "--optimizer=adagrad", "--num-threads=1",
    ];

    private static readonly string[] Adult =
    [
        "--data-generation=sample", "--arch-sparse-feature-size=4", "--arch-mlp-bot=6-8-4", "--arch-mlp-top=8-1", "--mini-batch-size=1024",
        "--print-freq=7", "--test-freq=6", "--loss-function=bce", "--nepochs=3",
    ];

    private readonly ScratchFolder _scratch = ScratchFolder.InMemory();

    [Theory]
    [InlineData("--normalization=batch", "--dropout=0.3")]
    [InlineData("--normalization=layer", "--dropout=0.1", "--optimizer=adam")]
    [InlineData("--mlperf-grad-accum-iter=3")]
    [InlineData("--lr-schedule=cosine", "--lr-num-warmup-steps=11", "--save-best=loss")]
    [InlineData("--save-best=accuracy")]
    [InlineData("--max-ind-range-per-table=30-50-2")]
    public void On_random_data(params string[] options) => RequireExact([.. Random, .. options]);

    [Theory]
    [InlineData("--validation-fraction=0.2", "--early-stopping=2", "--optimizer=adagrad", "--learning-rate=0.3")]
    [InlineData("--validation-fraction=0.1", "--reduce-on-plateau=0.5,1", "--learning-rate=3", "--optimizer=sgd")]
    public void With_samples_held_out(params string[] options) => RequireExact([.. Adult, .. options]);

    [Theory]
    [InlineData("--shuffle-buffer=1000")]
    [InlineData("--shuffle-buffer=64", "--max-ind-range-per-table=3-9")]
    public void From_a_data_set_folder_in_a_new_order_each_pass(params string[] options)
    {
        IEnumerable<string> rows = Enumerable.Range(0, 500).Select(row => $"{row % 3 / 2},{row % 7}.5,a{row % 5},b{row % 11}");
        File.WriteAllLines(_scratch["rows.csv"], rows.Prepend("label,x,first,second"));
        Ended made = ToolRunner.Run(
            "preprocess", _scratch["rows.csv"], $"--output={_scratch["set"]}", "--label=label", "--dense=x", "--sparse=first,second");
        Assert.True(made.Code == ExitCode.Done, made.Error);
        RequireExact(
        [
            "--data-generation=dataset", $"--data-set={_scratch["set"]}", "--arch-sparse-feature-size=4", "--arch-mlp-bot=1-4",
            "--arch-mlp-top=4-1", "--mini-batch-size=16", "--nepochs=3", "--loss-function=bce", "--test-freq=20", "--print-freq=6", .. options,
        ]);
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>Goes on from a middle and the last checkpoint, in other folders and on another number of threads.</summary>
    private void RequireExact(string[] options)
    {
        Train("whole", options);
        Train("saving", [.. options, "--checkpoint-every=4", "--keep=999"]);
        RequireSame("saving");
        string[] all = // one that is due while another is written waits: how many there are is not known
        [.. new CheckpointFolder(_scratch["saving/checkpoints"]).List().Select(entry => entry.Path)];
        foreach (int number in new[] { all.Length / 2, 0 }.Distinct())
        {
            Train($"from{number}", [$"--resume={all[number]}", "--num-threads=2", "--checkpoint-every=1000"]);
            RequireSame($"from{number}");
        }
    }

    private void Train(string folder, string[] options)
    {
        Ended ended = ToolRunner.Run(["train", .. options, $"--output-dir={_scratch[folder]}"]);
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
    }

    private void RequireSame(string folder)
    {
        foreach (string file in new[] { "model/model.safetensors", "model/optimizer.safetensors", "best/model.safetensors" })
        {
            if (File.Exists(_scratch[$"whole/{file}"]))
            {
                Assert.Equal(File.ReadAllBytes(_scratch[$"whole/{file}"]), File.ReadAllBytes(_scratch[$"{folder}/{file}"]));
            }
        }

        Assert.Equal(
            MetricsComparison.Lines(_scratch["whole/metrics.jsonl"]), MetricsComparison.Lines(_scratch[$"{folder}/metrics.jsonl"]));
    }
}
