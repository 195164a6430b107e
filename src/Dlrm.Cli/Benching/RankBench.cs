using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dlrm.Cli.Options;
using Dlrm.Distributed;
using Dlrm.Model;
using Dlrm.Mpi;

namespace Dlrm.Cli.Benching;

/// <summary>Measures a training step by several ranks, beside one process with as many threads, in turns.</summary>
/// <remarks>
/// The batch is the job's: ranks share it, as threads would. While rank 0 measures threads alone, the others wait and sleep.
/// A step of the job takes as long as that of its slowest rank.
/// </remarks>
internal static class RankBench
{
    private const int Rounds = 10;
    private const double Seconds = 3;
    private const int WarmUpSteps = 5;

    /// <summary>Measures, and prints on rank 0. Every rank calls it.</summary>
    /// <param name="options">What to measure; threads are those of a rank.</param>
    /// <param name="distributed">The job, and how it shares the model.</param>
    /// <param name="job">The job.</param>
    /// <param name="output">Where rank 0 prints.</param>
    public static void Run(BenchOptions options, DistributedOptions distributed, MpiJob job, TextWriter output)
    {
        RankBenchResult result = Measure(options, distributed, job);
        if (job.Communicator.Rank == 0)
        {
            if (options.Json)
            {
                output.WriteLine(JsonSerializer.Serialize(result, RankBenchJson.Default.RankBenchResult));
            }
            else
            {
                RankBenchTable.Write(result, output);
            }
        }
    }

    private static RankBenchResult Measure(BenchOptions options, DistributedOptions distributed, MpiJob job)
    {
        MpiCommunicator ranks = job.Communicator;
        var preset = BenchPreset.Find(options.Preset);
        DlrmConfig config = preset.Config
            ?? throw new UsageException($"--preset={preset.Name} is a layer, not a model: {RankOptions.Ranks.Switch} takes one of the others.");
        config = config with { Precision = options.Precision };
        int batch = options.Batch > 0 ? options.Batch : preset.Batch;
        int threads = options.Threads > 0 ? options.Threads : job.Cores;
        using var engine = new Engine(threads, options.InstructionSet);
        using var shared = new ModelWorkload(config, batch, preset.LookupsPerBag, engine, distributed);
        using var wide = ranks.Rank == 0 ? new Engine(threads * ranks.Size, options.InstructionSet) : null;
        using ModelWorkload? alone = wide is null ? null : new ModelWorkload(config, batch, preset.LookupsPerBag, wide);

        var together = new RankSamples(ranks, shared);
        var threadTimes = new Samples();
        int steps = options.Iterations > 0 ? Math.Max(1, options.Iterations / Rounds) : StepsOfRound(ranks, shared);
        for (int round = 0; round < Rounds; round++)
        {
            ranks.Barrier();
            for (int step = -1; step < steps && alone is not null; step++)
            {
                double milliseconds = BenchRunner.Milliseconds(alone.Train);
                if (step >= 0)
                {
                    threadTimes.Add(milliseconds); // the first finds the cache full of other things
                }
            }

            ranks.Barrier();
            for (int step = -1; step < steps; step++)
            {
                together.Step(counts: step >= 0);
            }
        }

        return together.Result() with
        {
            Preset = preset.Name,
            Batch = batch,
            Ranks = ranks.Size,
            Threads = threads,
            Hosts = job.Hosts.Distinct().Count(),
            InstructionSet = BenchRunner.NameOf(engine.InstructionSet),
            ThreadsAloneMs = threadTimes.Median,
            ThreadsAloneBestMs = threadTimes.Least,
        };
    }

    /// <summary>As many steps as make about three seconds of ten rounds; the same on every rank.</summary>
    private static int StepsOfRound(MpiCommunicator ranks, ModelWorkload workload)
    {
        long start = Stopwatch.GetTimestamp();
        for (int step = 0; step < WarmUpSteps; step++)
        {
            start = Stopwatch.GetTimestamp();
            workload.Train();
        }

        Span<double> seconds = [Stopwatch.GetElapsedTime(start).TotalSeconds];
        ranks.Broadcast(MemoryMarshal.AsBytes(seconds), 0);
        return (int)Math.Clamp(Seconds / Rounds / seconds[0], 1, 100);
    }
}
