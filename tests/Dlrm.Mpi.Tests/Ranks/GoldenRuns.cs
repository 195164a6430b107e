using System.IO.Compression;
using Dlrm.Cli;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Output;
using Dlrm.Cli.Tests;
using Dlrm.Cli.Tests.Golden;

namespace Dlrm.Mpi.Tests.Ranks;

/// <summary>The reference's command lines, one after the other in one job (starting mpirun takes longer than training).</summary>
internal static class GoldenRuns
{
    private static readonly string CriteoTiny =
        Path.Combine(Repository.Root, "tests", "Dlrm.Tests", "Golden", "cases", "criteo-tiny.tsv.gz");

    /// <summary>Those that train. One saves for PyTorch, which takes the whole model in one process.</summary>
    public static IReadOnlyList<GoldenCase> Cases { get; } =
        [.. GoldenCase.All.Where(item => item.Losses.Length > 0 && !item.Arguments.Any(argument => argument.EndsWith(".pt", StringComparison.Ordinal)))];

    /// <summary>Puts the raw data where the command lines look for them.</summary>
    public static void Prepare(string folder)
    {
        foreach (GoldenCase item in Cases.Where(item => item.Name.StartsWith("criteo-", StringComparison.Ordinal)))
        {
            Directory.CreateDirectory(Path.Combine(folder, item.Name));
            using FileStream packed = File.OpenRead(CriteoTiny);
            using var text = new GZipStream(packed, CompressionMode.Decompress);
            using FileStream raw = File.Create(Path.Combine(folder, item.Name, "train.txt"));
            text.CopyTo(raw);
        }
    }

    /// <summary>Runs all of them.</summary>
    /// <param name="folder">With the raw data.</param>
    /// <param name="output">Receives a folder a case.</param>
    /// <param name="more">More options.</param>
    /// <param name="job">The job; null for one process.</param>
    public static void Run(string folder, string output, IReadOnlyList<string> more, MpiJob? job)
    {
        var console = new ToolConsole(TextWriter.Null, TextWriter.Null, IsTerminal: false);
        foreach (GoldenCase item in Cases)
        {
            IEnumerable<string> arguments = item.Arguments.Select(argument => argument.Replace("@", folder, StringComparison.Ordinal));
            Request request = CommandLine.Parse(
                ["train", .. arguments, "--print-freq=1", $"--output-dir={Path.Combine(output, item.Name)}", .. more], CommandCatalog.All);
            if (TrainCommand.Run(request.Values!, console, job) != ExitCode.Done)
            {
                throw new InvalidOperationException($"{item.Name} failed.");
            }
        }
    }
}
