using System.Diagnostics;
using Dlrm.Data;
using Dlrm.Model;

namespace Dlrm.Cli.Benching;

/// <summary>How much of a training step is spent waiting for its batch: one epoch from a folder against the bare step.</summary>
/// <remarks>
/// Bare and fed steps take turns, some at a time, so that a machine that changes its speed changes both alike. Bare steps
/// go through batches that lie in memory; fed ones through the whole epoch, shuffled, read ahead by the prefetcher's thread.
/// </remarks>
internal static class FedTrainingBench
{
    private const int StepsATime = 16;
    private const float LearningRate = 0.01f;

    /// <summary>Measures.</summary>
    /// <param name="source">The training part.</param>
    /// <param name="threads">Workers of the engine.</param>
    /// <returns>The fed steps' rate over the bare steps', and the share of the fed steps' time spent waiting for batches.</returns>
    public static (double RateOfBare, double Waiting) Measure(IBatchSource source, int threads)
    {
        using var engine = new Engine(threads);
        DlrmConfig config = BenchPreset.Find("kaggle").Config! with { TableRows = source.TableRows };
        using var model = new DlrmModel(config, engine);
        Batch[] held = [.. Enumerable.Range(0, StepsATime).Select(_ => new Batch(source.DenseFeatures, source.TableRows.Count))];
        try
        {
            for (int batch = 0; batch < held.Length; batch++)
            {
                source.Read(batch % source.BatchCount, held[batch]);
                model.TrainStep(held[batch], LearningRate);
            }

            return Alternate(source, model, held);
        }
        finally
        {
            foreach (Batch batch in held)
            {
                batch.Dispose();
            }
        }
    }

    private static (double RateOfBare, double Waiting) Alternate(IBatchSource source, DlrmModel model, Batch[] held)
    {
        using var batches = new BatchPrefetcher(source);
        batches.Start(0, source.BatchCount);
        TimeSpan bare = default;
        TimeSpan fed = default;
        TimeSpan waiting = default;
        for (int step = 0; step < source.BatchCount;)
        {
            int steps = Math.Min(StepsATime, source.BatchCount - step);
            long start = Stopwatch.GetTimestamp();
            for (int batch = 0; batch < steps; batch++)
            {
                model.TrainStep(held[batch], LearningRate);
            }

            bare += Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            for (int end = step + steps; step < end; step++)
            {
                long asked = Stopwatch.GetTimestamp();
                Batch batch = batches.Take();
                waiting += Stopwatch.GetElapsedTime(asked);
                model.TrainStep(batch, LearningRate);
                batches.Release();
            }

            fed += Stopwatch.GetElapsedTime(start);
        }

        return (bare / fed, waiting / fed);
    }
}
