using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Threading;

namespace Dlrm.Cli.Benching;

/// <summary>Strong scaling: the same step on one thread and on all, in turns.</summary>
/// <remarks>
/// Two models stand side by side, each with threads of its own, and take turns of some steps; while one computes, the
/// other's threads sleep. The machine's own scaling, of multiply-adds in registers, is measured in the same turns.
/// </remarks>
internal static class ScalingBench
{
    /// <summary>The preset's name.</summary>
    public const string Name = "scaling";

    /// <summary>What it measures.</summary>
    public const string Summary = "steps of four shapes on one thread and on all";

    private const int Turns = 12;
    private const double TurnSeconds = 0.1;

    private static readonly (string Preset, int Batch)[] Rows =
        [("kaggle", 128), ("kaggle", 2048), ("embedding-heavy", 2048), ("gemm", 1024)];

    /// <summary>Measures and prints.</summary>
    /// <param name="threads">The larger number of threads; 0 for all cores.</param>
    /// <param name="steps">Steps a turn; 0 for about a tenth of a second's worth.</param>
    /// <param name="json">One object a line in place of a table.</param>
    /// <param name="writer">Where to.</param>
    public static void Run(int threads, int steps, bool json, TextWriter writer)
    {
        threads = threads == 0 ? WorkerTeam.DefaultWorkers : threads;
        if (!json)
        {
            writer.WriteLine($"{"",-24}{"training, ms",24}{"inference, ms",24}{"peak",8}");
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{"preset, batch",-24}{"1",8}{threads,8}{"ratio",8}{"1",8}{threads,8}{"ratio",8}{"ratio",8}"));
        }

        foreach ((string preset, int batch) in Rows)
        {
            Measured one = Measure(preset, batch, threads, steps);
            if (json)
            {
                writer.WriteLine(new JsonObject
                {
                    ["preset"] = Name,
                    ["shape"] = preset,
                    ["batch"] = batch,
                    ["threads"] = threads,
                    ["train_ms_1"] = one.Train.One,
                    ["train_ms"] = one.Train.All,
                    ["train_scaling"] = one.Train.Ratio,
                    ["infer_ms_1"] = one.Infer.One,
                    ["infer_ms"] = one.Infer.All,
                    ["infer_scaling"] = one.Infer.Ratio,
                    ["peak_scaling"] = one.PeakScaling,
                }.ToJsonString());
                continue;
            }

            string name = string.Create(CultureInfo.InvariantCulture, $"{preset}, {batch}");
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-24}{one.Train.One,8:0.00}{one.Train.All,8:0.00}{one.Train.Ratio,8:0.00}"
                + $"{one.Infer.One,8:0.00}{one.Infer.All,8:0.00}{one.Infer.Ratio,8:0.00}{one.PeakScaling,8:0.00}"));
        }
    }

    private static Measured Measure(string name, int batch, int threads, int steps)
    {
        var preset = BenchPreset.Find(name);
        using var oneEngine = new Engine(1);
        using var allEngine = new Engine(threads);
        using BenchWorkload one = preset.Create(batch, oneEngine);
        using BenchWorkload all = preset.Create(batch, allEngine);
        using var onePeak = new FloorProbe(oneEngine, 0, 0);
        using var allPeak = new FloorProbe(allEngine, 0, 0);
        Samples[] times = [new(), new(), new(), new()];
        double seconds = 0;
        for (int warm = 0; warm < 3; warm++)
        {
            seconds = BenchRunner.Milliseconds(one.Train) / 1e3;
            all.Train();
        }

        onePeak.StepSeconds = allPeak.StepSeconds = seconds;
        int count = steps > 0 ? steps : (int)Math.Clamp(TurnSeconds / seconds, 1, 1000);
        for (int turn = 0; turn < Turns; turn++)
        {
            onePeak.Measure();
            Time(times[0], one.Train, count);
            Time(times[1], one.Infer, count);
            allPeak.Measure();
            Time(times[2], all.Train, count);
            Time(times[3], all.Infer, count);
        }

        return new Measured(
            new Scaling(times[0].Median, times[2].Median),
            new Scaling(times[1].Median, times[3].Median),
            allPeak.FloorOf(all, best: false).PeakGflops / onePeak.FloorOf(one, best: false).PeakGflops);
    }

    /// <summary>Some steps; the first one finds the cache full of the other model and is not counted.</summary>
    private static void Time(Samples samples, Action step, int count)
    {
        step();
        for (int i = 0; i < count; i++)
        {
            samples.Add(BenchRunner.Milliseconds(step));
        }
    }

    private sealed record Measured(Scaling Train, Scaling Infer, double PeakScaling);

    private sealed record Scaling(double One, double All)
    {
        public double Ratio => One / All;
    }
}
