using System.Runtime.InteropServices;
using Dlrm.Mpi;

namespace Dlrm.Cli.Benching;

/// <summary>Times of steps that ranks take together: of a step the slowest rank's, of a stage this rank's and the slowest's.</summary>
/// <param name="ranks">The job.</param>
/// <param name="workload">The model.</param>
internal sealed class RankSamples(MpiCommunicator ranks, ModelWorkload workload)
{
    private readonly Samples _steps = new();
    private readonly Samples[] _stages = [.. workload.Stages.Select(_ => new Samples())];
    private readonly double[] _milliseconds = new double[workload.Stages.Count];
    private long _exchanged;
    private long _reduced;
    private long _sent;
    private int _counted;

    /// <summary>Takes a step.</summary>
    /// <param name="counts">Whether it counts.</param>
    public void Step(bool counts)
    {
        (long exchanged, long reduced) = workload.Traffic;
        long sent = ranks.BytesSent;
        double milliseconds = BenchRunner.Milliseconds(workload.Train);
        if (!counts)
        {
            return;
        }

        _steps.Add(milliseconds);
        workload.ReadStages(_milliseconds);
        for (int stage = 0; stage < _stages.Length; stage++)
        {
            _stages[stage].Add(_milliseconds[stage]);
        }

        _exchanged += workload.Traffic.Exchanged - exchanged;
        _reduced += workload.Traffic.Reduced - reduced;
        _sent += ranks.BytesSent - sent;
        _counted++;
    }

    /// <summary>The result of all ranks. Every rank calls it.</summary>
    public RankBenchResult Result()
    {
        double[] own = [_steps.Median, _steps.Least, .. _stages.Select(stage => stage.Median)];
        double[] all = new double[own.Length * ranks.Size];
        int[] lengths = [.. Enumerable.Repeat(own.Length * sizeof(double), ranks.Size)];
        ranks.AllGather(MemoryMarshal.AsBytes(own.AsSpan()), lengths, MemoryMarshal.AsBytes(all.AsSpan()));
        double Slowest(int entry) => Enumerable.Range(0, ranks.Size).Max(rank => all[(rank * own.Length) + entry]);
        return new RankBenchResult
        {
            Iters = _counted,
            StepMs = Slowest(0),
            BestStepMs = Slowest(1),
            Breakdown = workload.Stages.Index().ToDictionary(
                stage => stage.Item, stage => new RankStage(_stages[stage.Index].Median, Slowest(2 + stage.Index))),
            ExchangedBytes = _exchanged / _counted,
            ReducedBytes = _reduced / _counted,
            SentBytes = _sent / _counted,
        };
    }
}
