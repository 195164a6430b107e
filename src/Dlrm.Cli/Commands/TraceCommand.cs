using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data.Traces;
using Dlrm.Random;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm trace</c>: the reference's dlrm_data_pytorch.py as a program.</summary>
internal sealed class TraceCommand : ToolCommand
{
    public override string Name => "trace";

    public override string Summary => "profiles accesses of a table, and draws others alike";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm trace --trace-file=trace.log --dist-file=dist_emb_0.log --synthetic-file=synthetic.log",
            "how soon rows are used again, and a trace of the same length in which they are so too"),
        ("dlrm train --data-generation=synthetic --data-trace-file=dist_emb_j.log --arch-embedding-size=1000-200 "
            + "--arch-sparse-feature-size=16 --arch-mlp-bot=13-16 --arch-mlp-top=64-1 --data-size=10000 --mini-batch-size=100",
            "trains on such accesses, dist_emb_0.log for the first table"),
    ];

    public override ToolOption Positional => TraceFlags.Input;

    public override IReadOnlyList<ToolOption> Options => field ??= [.. TraceFlags.All, TrainOptions.Seed, RunOptions.Config];

    public override int Run(OptionValues values, ToolConsole console)
    {
        string input = values.Get(TraceFlags.Input);
        if (!File.Exists(input))
        {
            throw new UsageException($"--trace-file={input}: there is no such file.");
        }

        string distributionFile = values.Get(TraceFlags.Distribution);
        string syntheticFile = values.Get(TraceFlags.Synthetic);
        foreach ((ToolOption option, string path) in new (ToolOption, string)[] { (TraceFlags.Distribution, distributionFile), (TraceFlags.Synthetic, syntheticFile) })
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (!Directory.Exists(folder))
            {
                throw new UsageException($"{option.Switch}={path}: there is no folder {folder}.");
            }
        }

        bool binary = values.Get(TraceFlags.Binary);
        bool padding = values.Get(TraceFlags.Padding);
        ulong[] trace = TraceFile.Read(input, binary);
        if (trace.Length == 0)
        {
            throw new UsageException($"--trace-file={input} is empty.");
        }

        StackDistances distances = StackDistances.Profile(trace, padding);
        distances.Write(distributionFile);
        var random = new NumpyRandom(values.Get(TrainOptions.Seed));
        TraceFile.Write(syntheticFile, TraceFile.Generate(distances, trace.Length, padding, random), binary);
        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{trace.Length:N0} accesses of {distances.Rows.Count:N0} rows, {distances.Distances.Count:N0} different distances up to {distances.Distances[^1]:N0}"));
        console.Out.WriteLine($"{distributionFile}: the distances; {syntheticFile}: accesses drawn with them");
        return ExitCode.Done;
    }
}
