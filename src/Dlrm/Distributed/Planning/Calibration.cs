using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Threading;

namespace Dlrm.Distributed.Planning;

/// <summary>Measures a host in a few seconds: multiply-adds in registers, random rows, exchanges, and small models' steps.</summary>
/// <remarks>
/// The first three are what the hardware can do. What the product takes beyond is found from the stages of
/// <see cref="CalibrationModel"/>s by <see cref="NonNegativeFit"/>. It needs about a gigabyte for a moment.
/// </remarks>
public static class Calibration
{
    private const int Repeats = 8;
    private const double WarmUpSeconds = 1;
    private const int Lookups = 1 << 17;
    private const long CacheBytes = 16 << 20;
    private const long WalkedBytes = 128 << 20; // of larger tables: a second walk finds nothing left in a cache

    private static readonly double[] TableBytes = [64 << 10, 512 << 10, 4 << 20, 32 << 20, 128 << 20, 512 << 20];
    private static readonly int[] RowFloats = [16, 64];

    /// <summary>Measures.</summary>
    /// <param name="engine">As many workers as a rank has.</param>
    /// <param name="told">Told what is being measured, for a person who waits; null for nobody.</param>
    public static MachineFigures Measure(Engine engine, Action<string>? told = null)
    {
        int cores = WorkerTeam.DefaultWorkers;
        told?.Invoke("multiply-adds");
        double peak = Best(20, () => PeakProbe.FmaGflops(engine.InstructionSet, 200_000));
        told?.Invoke("random rows");
        RowSpeeds rows = MeasureRows(engine);
        double sharing = MeasureSharing(engine, cores);
        told?.Invoke("exchanges");
        ExchangeFigures exchange = MeasureExchange(cores);
        told?.Invoke("small models");
        return new MachineFigures
        {
            Description = string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{cores} cores, {engine.InstructionSet}, measured with {engine.Team.Workers} of them"),
            CoresPerHost = cores,
            MemoryPerHost = SystemMemory.AvailableBytes,
            Threads = engine.Team.Workers,
            PeakGflops = peak,
            Rows = rows,
            MemorySharing = sharing,
            Stages = MeasureStages(engine, peak * engine.Team.Workers, rows),
            Exchange = exchange,
        };
    }

    private static double Best(int times, Func<double> speed)
    {
        double best = 0;
        for (int i = 0; i < times; i++)
        {
            best = Math.Max(best, speed());
        }

        return best;
    }

    private static RowSpeeds MeasureRows(Engine engine)
    {
        var gather = new List<double>[] { [], [] };
        var update = new List<double>[] { [], [] };
        foreach (double bytes in TableBytes)
        {
            for (int size = 0; size < RowFloats.Length; size++)
            {
                using var table = new NativeBuffer<float>((long)bytes / sizeof(float));
                using var probe = new RandomRowProbe(engine, [table], RowFloats[size], LookupsOf(bytes, RowFloats[size]));
                double rowBytes = RowFloats[size] * sizeof(float);
                gather[size].Add(rowBytes / Best(Repeats, probe.Gather));
                update[size].Add(2 * rowBytes / Best(Repeats, probe.Update));
            }
        }

        return new RowSpeeds
        {
            TableBytes = TableBytes,
            RowBytes = [.. RowFloats.Select(floats => floats * sizeof(float))],
            GatherNanoseconds = gather,
            UpdateNanoseconds = update,
        };
    }

    /// <summary>How much longer random rows take each of all cores than a rank alone.</summary>
    private static double MeasureSharing(Engine engine, int cores)
    {
        if (cores <= engine.Team.Workers)
        {
            return 1;
        }

        using var all = new Engine(cores, engine.InstructionSet);
        using var table = new NativeBuffer<float>((256L << 20) / sizeof(float));
        using var one = new RandomRowProbe(engine, [table], RowFloats[1], LookupsOf(256 << 20, RowFloats[1]));
        using var every = new RandomRowProbe(all, [table], RowFloats[1], LookupsOf(256 << 20, RowFloats[1]));
        double ideal = Best(Repeats, one.Gather) * cores / engine.Team.Workers;
        return Math.Max(1, ideal / Best(Repeats, every.Gather));
    }

    private static int LookupsOf(double tableBytes, int rowFloats) =>
        tableBytes <= CacheBytes ? Lookups : (int)(WalkedBytes / (rowFloats * sizeof(float)));

    /// <summary>Between two threads as ranks; alone on one core they would wait for each other.</summary>
    private static ExchangeFigures MeasureExchange(int cores)
    {
        var figures = new ExchangeFigures();
        if (cores > 1)
        {
            LocalCommunicator.Run(2, communicator =>
            {
                ExchangeFigures own = ExchangeProbe.Measure(communicator);
                figures = communicator.Rank == 0 ? own : figures;
            });
        }

        return figures;
    }

    private static StageCosts MeasureStages(Engine engine, double gflops, RowSpeeds rows)
    {
        // For the just-in-time compiler, and because a core that computes for long is slower than one that begins to.
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds)
        {
            _ = CalibrationModel.All[2].Measure(engine);
        }

        var fit = new StageFit(gflops, rows);
        foreach (CalibrationModel model in CalibrationModel.All)
        {
            fit.Add(model, model.Measure(engine));
        }

        return fit.Solve();
    }

    private sealed class StageFit(double gflops, RowSpeeds rows)
    {
        private readonly Dictionary<string, (List<double[]> Units, List<double> Times)> _observed = [];

        public void Add(CalibrationModel model, double[] milliseconds)
        {
            DlrmConfig config = model.Config;
            double samples = model.Batch;
            int[] top = config.TopWidths();
            var uses = TableLayout.Of(config).Select(layout => new TableUse(
                TableLookups.Uniform(layout.Rows, model.Lookups), samples * model.Lookups, layout.Dimension * sizeof(float))).ToList();
            double stream = config.EstimateBytes(model.Batch, training: true) - config.ParameterBytes
                + (2.0 * sizeof(float) * CostTerms.DenseParameters(config));
            var workingSet = new WorkingSet(uses, stream, hosts: 1);
            double lookups = uses.Sum(use => use.PerStep);
            double bags = samples * uses.Count;
            double read = uses.Sum(use => workingSet.Gather(use, use.RowBytes, rows));
            double[] updates = new double[CostTerms.UpdateTerms];
            foreach (TableUse use in uses)
            {
                double[] own = TableCosts.UpdateUnits(
                    workingSet.Update(use, use.RowBytes, rows), use.PerStep, use.RowBytes / sizeof(float), use.Lookups.Rows);
                for (int i = 0; i < own.Length; i++)
                {
                    updates[i] += own[i];
                }
            }

            Observe("forward", CostTerms.TowerForward(config.BottomMlp, samples, gflops), milliseconds[(int)Stage.BottomForward]);
            Observe("forward", CostTerms.TowerForward(top, samples, gflops), milliseconds[(int)Stage.TopForward]);
            Observe("backward", CostTerms.TowerBackward(top, samples, gflops, true), milliseconds[(int)Stage.TopBackward]);
            Observe("backward", CostTerms.TowerBackward(config.BottomMlp, samples, gflops, false), milliseconds[(int)Stage.BottomBackward]);
            Observe("interaction", CostTerms.Interaction(config, samples, gflops, 1), milliseconds[(int)Stage.InteractionForward]);
            Observe("interaction back", CostTerms.Interaction(config, samples, gflops, 2), milliseconds[(int)Stage.InteractionBackward]);
            Observe("loss", CostTerms.Loss(samples), milliseconds[(int)Stage.Loss]);
            Observe("dense update", CostTerms.DenseUpdate(config, 0), milliseconds[(int)Stage.DenseUpdate]);
            Observe("validate", [lookups, bags], milliseconds[(int)Stage.Validate]);
            Observe("gather", [read, lookups, bags], milliseconds[(int)Stage.EmbeddingForward]);
            Observe("update", updates, milliseconds[(int)Stage.EmbeddingUpdate]);
        }

        public StageCosts Solve() => new()
        {
            TowerForward = Prices("forward"),
            TowerBackward = Prices("backward"),
            InteractionForward = Prices("interaction"),
            InteractionBackward = Prices("interaction back"),
            Loss = Prices("loss"),
            DenseUpdate = Prices("dense update"),
            Validate = Prices("validate"),
            Gather = Prices("gather"),
            Update = Prices("update"),
        };

        private void Observe(string stage, double[] units, double milliseconds)
        {
            if (!_observed.TryGetValue(stage, out var seen))
            {
                seen = ([], []);
                _observed[stage] = seen;
            }

            seen.Units.Add(units);
            seen.Times.Add(Math.Max(1, milliseconds * 1e6));
        }

        private double[] Prices(string stage) => NonNegativeFit.Solve(_observed[stage].Units, _observed[stage].Times);
    }
}
