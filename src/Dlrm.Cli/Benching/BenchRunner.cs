using System.Diagnostics;
using System.Text.Json;
using Dlrm.Kernels;

namespace Dlrm.Cli.Benching;

/// <summary>Measures a preset.</summary>
/// <remarks>
/// In rounds: the machine's speeds (see <see cref="FloorProbe"/>), then some training steps, then some inference steps.
/// So a machine that is shared and changes its speed changes the step and its floor alike. The first step after a probe,
/// which finds the cache full of other things, is not counted.
/// </remarks>
internal static class BenchRunner
{
    private const int Rounds = 10;
    private const double DefaultSeconds = 3;
    private const double WarmUpSeconds = 0.3; // the runtime's better code for what runs often comes after 0.1 s

    /// <summary>Measures, and prints.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="output">Where to print.</param>
    /// <returns>What was measured.</returns>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    /// <exception cref="InsufficientMemoryException">The preset does not fit this machine.</exception>
    public static BenchResult Run(BenchOptions options, TextWriter output)
    {
        BenchResult result = Measure(options);
        if (options.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(result, BenchJson.Default.BenchResult));
        }
        else
        {
            BenchTable.Write(result, output);
        }

        return result;
    }

    /// <summary>The name of an instruction set on the command line.</summary>
    public static string NameOf(InstructionSet set) => set.ToString().ToLowerInvariant();

    /// <summary>Measures.</summary>
    /// <param name="options">What to measure.</param>
    public static BenchResult Measure(BenchOptions options)
    {
        var preset = BenchPreset.Find(options.Preset);
        int batch = options.Batch > 0 ? options.Batch : preset.Batch;
        using var engine = new Engine(options.Threads > 0 ? options.Threads : null, options.InstructionSet);
        using BenchWorkload workload = preset.Create(batch, engine, options.Precision);
        using var probe = new FloorProbe(engine, workload.RowFloats, workload.LargestTableBytes);
        var train = new Samples();
        var infer = new Samples();
        var turns = new PrecisionTurns(workload);
        Samples[] stages = [.. workload.Stages.Select(_ => new Samples())];

        double trainSeconds = WarmUp(workload.Train);
        double inferSeconds = WarmUp(workload.Infer);
        probe.StepSeconds = trainSeconds;
        int iterations = options.Iterations > 0
            ? options.Iterations
            : (int)Math.Clamp(DefaultSeconds / (trainSeconds + inferSeconds), Rounds, 1000);
        for (int round = 0; round < Rounds; round++)
        {
            int steps = (iterations * (round + 1) / Rounds) - (iterations * round / Rounds);
            if (steps == 0)
            {
                continue;
            }

            probe.Measure();
            workload.Train();
            TimeTraining(workload, steps, train, stages);
            workload.Infer();
            for (int step = 0; step < steps; step++)
            {
                infer.Add(Milliseconds(workload.Infer));
                turns.Step();
            }
        }

        return Summarize(preset.Name, batch, engine, workload, probe, train, infer, stages) with
        {
            Quantized = turns.Result,
        };
    }

    private static BenchResult Summarize(
        string preset, int batch, Engine engine, BenchWorkload workload, FloorProbe probe, Samples train, Samples infer, Samples[] stages)
    {
        double trainMs = train.Median;
        double inferMs = infer.Median;
        BenchFloor floor = probe.FloorOf(workload, best: false);
        BenchFloor bestFloor = probe.FloorOf(workload, best: true);
        return new BenchResult
        {
            Preset = preset,
            Batch = batch,
            Threads = engine.Team.Workers,
            Iters = train.Count,
            InstructionSet = NameOf(engine.InstructionSet),
            TrainMs = trainMs,
            InferMs = inferMs,
            TrainSamplesPerS = 1e3 * batch / trainMs,
            InferSamplesPerS = 1e3 * batch / inferMs,
            Gflops = workload.TrainFlops / trainMs / 1e6,
            FloorMs = floor.TrainMs,
            FractionOfFloor = floor.TrainMs / trainMs,
            InferFloorMs = floor.InferMs(workload),
            InferFractionOfFloor = floor.InferMs(workload) / inferMs,
            BestTrainMs = train.Least,
            BestFractionOfFloor = bestFloor.TrainMs / train.Least,
            BestInferMs = infer.Least,
            BestInferFractionOfFloor = bestFloor.InferMs(workload) / infer.Least,
            Floor = floor,
            Breakdown = workload.Stages.Zip(stages).ToDictionary(pair => pair.First, pair => pair.Second.Median),
        };
    }

    private static void TimeTraining(BenchWorkload workload, int steps, Samples times, Samples[] stages)
    {
        var milliseconds = new double[stages.Length];
        for (int step = 0; step < steps; step++)
        {
            times.Add(Milliseconds(workload.Train));
            workload.ReadStages(milliseconds);
            for (int stage = 0; stage < stages.Length; stage++)
            {
                stages[stage].Add(milliseconds[stage]);
            }
        }
    }

    /// <summary>Runs a step for a while; gives the seconds of the fastest one.</summary>
    private static double WarmUp(Action step)
    {
        long start = Stopwatch.GetTimestamp();
        double fastest = double.PositiveInfinity;
        for (int count = 0; count < 2 || Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds; count++)
        {
            fastest = Math.Min(fastest, Milliseconds(step) / 1e3);
        }

        return fastest;
    }

    internal static double Milliseconds(Action step)
    {
        long start = Stopwatch.GetTimestamp();
        step();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
