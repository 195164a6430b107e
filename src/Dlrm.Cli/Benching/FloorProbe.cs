using Dlrm.Kernels;
using Dlrm.Threading;

namespace Dlrm.Cli.Benching;

/// <summary>What this machine can do at the moment: multiply-adds in registers, and random rows in memory.</summary>
/// <remarks>
/// The floor of a step is its matrix products at that peak, plus the rows it gathers and the rows it updates at those
/// bandwidths, one after the other. Work that overlaps could go below it.
/// </remarks>
internal sealed class FloorProbe : IDisposable
{
    private const int Burst = 200_000; // a third of a millisecond with AVX-512
    private const double BurstSeconds = 0.33e-3;
    private const double LongestSeconds = 20e-3;

    private readonly Engine _engine;
    private readonly RandomRowProbe? _rows;
    private readonly double[] _workerGflops;
    private readonly Samples _peak = new();
    private readonly Samples _gather = new();
    private readonly Samples _update = new();

    /// <summary>Prepares.</summary>
    /// <param name="engine">Whose workers to measure.</param>
    /// <param name="rowFloats">Floats of a table row, 0 to leave memory out.</param>
    /// <param name="tableBytes">Bytes to walk over: as a step goes through one table after the other, those of the largest.</param>
    public FloorProbe(Engine engine, int rowFloats, long tableBytes)
    {
        _engine = engine;
        _workerGflops = new double[engine.Team.Workers];
        _rows = rowFloats > 0 ? new RandomRowProbe(engine, tableBytes, rowFloats) : null;
    }

    /// <summary>
    /// How long the steps take: multiply-adds are measured in bursts of about that length (20 ms at most), since a processor
    /// keeps its highest clock for less than a millisecond.
    /// </summary>
    public double StepSeconds { get; set; }

    /// <summary>Measures once: some milliseconds.</summary>
    public void Measure()
    {
        double bursts = Math.Clamp(StepSeconds, BurstSeconds, LongestSeconds) / BurstSeconds;
        var work = new PeakWork(_engine.InstructionSet, _workerGflops, (int)(Burst * bursts));
        _engine.Team.Run(ref work);
        _peak.Add(_workerGflops.Sum());
        if (_rows is not null)
        {
            _gather.Add(_rows.Gather());
            _update.Add(_rows.Update());
        }
    }

    /// <summary>What the speeds measured so far mean for a training step.</summary>
    /// <param name="workload">The step.</param>
    /// <param name="best">True for the best speeds, false for their medians.</param>
    public BenchFloor FloorOf(BenchWorkload workload, bool best)
    {
        double peak = Speed(_peak);
        double gather = Speed(_gather);
        double update = Speed(_update);
        return new BenchFloor
        {
            PeakGflops = peak,
            GatherGbPerS = gather,
            UpdateGbPerS = update,
            ComputeMs = workload.TrainFlops / peak / 1e6,
            GatherMs = _rows is null ? 0 : workload.GatheredBytes / gather / 1e6,
            UpdateMs = _rows is null ? 0 : workload.UpdatedBytes / update / 1e6,
        };

        double Speed(Samples speeds) => best ? speeds.Most : speeds.Median;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _rows?.Dispose();

    private readonly struct PeakWork(InstructionSet set, double[] gflops, int iterations) : IParallelWork
    {
        public void Execute(int worker, int workers) => gflops[worker] = PeakProbe.FmaGflops(set, iterations);
    }
}
