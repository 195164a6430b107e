using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Model;
using Dlrm.Mpi;

namespace Dlrm.Cli.Benching;

/// <summary><c>dlrm bench</c>.</summary>
internal sealed class BenchCommand : ToolCommand
{
    private static readonly ToolOption<string> Preset = new(
        "preset", OptionGroup.Bench, new Choice([.. BenchPreset.All.Select(preset => preset.Name), ScalingBench.Name, DataBench.Name]), "kaggle",
        string.Join("; ",
        [
            .. BenchPreset.All.Select(preset => $"{preset.Name}: {preset.Summary}"), $"{ScalingBench.Name}: {ScalingBench.Summary}",
            $"{DataBench.Name}: {DataBench.Summary}",
        ]))
    {
        IsNew = true,
    };

    private static readonly ToolOption<long> BatchSize = new(
        "mini-batch-size", OptionGroup.Bench, new WholeNumber(1, 1 << 20), 0, "samples a step", "the preset's");

    private static readonly ToolOption<long> Iterations = new(
        "iters", OptionGroup.Bench, new WholeNumber(1, 1_000_000), 0, "timed steps of each kind", "about 3 seconds' worth")
    {
        IsNew = true,
    };

    private static readonly ToolOption<bool> ServeRounds = new(
        "serve-rounds", OptionGroup.Bench, new Flag(), false, "time steps as standard input asks, for bench/compare")
    {
        IsNew = true,
    };

    public override string Name => "bench";

    public override string Summary => "measures training and inference against what this machine could do";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm bench", "the model for Criteo Kaggle, batch 128, all cores"),
        ("dlrm bench --preset=kaggle --mini-batch-size=2048 --ranks=2 --num-threads=1", "two processes beside two threads"),
        ("dlrm bench --preset=embedding-heavy --num-threads=2 --format=json", "one JSON object"),
        ("dlrm bench --compare=bench/history.jsonl", "has a change made a step slower?"),
    ];

    public override IReadOnlyList<ToolOption> Options => field ??=
    [
        Preset, BatchSize, Iterations, ServeRounds, BenchFlags.Compare, BenchFlags.MaxDrop, BenchFlags.Roofline, ModelOptions.QuantizeEmbeddings,
        ModelOptions.QuantizeMlp, PrecisionOptions.EmbeddingType, RunOptions.Format, RunOptions.Config, RunOptions.Threads,
        RunOptions.InstructionSet, RankOptions.Ranks, RankOptions.Hosts, RankOptions.HostFile, RankOptions.Plan,
        RankOptions.CommunicationType, RankOptions.Deterministic, RankOptions.Timeout,
    ];

    public override int Run(OptionValues values, ToolConsole console) =>
        RankProcess.Run(Name, values, console, job => Run(values, console, job), goOn: false);

    private static int Run(OptionValues values, ToolConsole console, MpiJob? job)
    {
        BenchFlags.Check(values, Preset, BatchSize, RunOptions.Threads, ServeRounds, ModelOptions.QuantizeEmbeddings, ModelOptions.QuantizeMlp,
            PrecisionOptions.EmbeddingType);
        if (values.Get(ServeRounds))
        {
            BenchServer.Run(Console.In, console.Out);
            return ExitCode.Done;
        }

        bool json = values.Get(RunOptions.Format) == "json";
        if (values.Get(Preset) == ScalingBench.Name)
        {
            ScalingBench.Run(values.GetInt(RunOptions.Threads), values.GetInt(Iterations), json, console.Out);
            return ExitCode.Done;
        }

        if (values.Get(Preset) == DataBench.Name)
        {
            DataBench.Run(
                values.GetInt(RunOptions.Threads), values.GetInt(Iterations), json, console.Out);
            return ExitCode.Done;
        }

        var options = new BenchOptions
        {
            Preset = values.Get(Preset),
            Batch = values.GetInt(BatchSize),
            Threads = values.GetInt(RunOptions.Threads),
            Iterations = values.GetInt(Iterations),
            InstructionSet = ModelSetup.InstructionSet(values),
            Precision = new ModelPrecision
            {
                EmbeddingType = values.Get(PrecisionOptions.EmbeddingType),
                EmbeddingBits = values.GetInt(ModelOptions.QuantizeEmbeddings),
                MlpBits = values.GetInt(ModelOptions.QuantizeMlp),
            },
            Json = json,
        };
        if (job is not null && new RankTeam(values, job).Options is { } distributed)
        {
            RankBench.Run(options, distributed, job, console.Out);
            return ExitCode.Done;
        }

        var measured = new List<BenchResult>();
        bool good = true;
        if (values.Get(BenchFlags.Compare) is { Length: > 0 } file)
        {
            good = BenchComparison.Run(
                BenchBaseline.Read(file), values.Get(BenchFlags.MaxDrop), options, console.Out, console.Error, measured);
        }
        else
        {
            measured.Add(BenchRunner.Run(options, console.Out));
        }

        if (values.Get(BenchFlags.Roofline) is { Length: > 0 } picture)
        {
            BenchPicture.Write(picture, measured);
        }

        return good ? ExitCode.Done : ExitCode.Failed;
    }
}
