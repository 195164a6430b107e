using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Layers;

namespace Dlrm.Model;

/// <content>What several ranks add to the model.</content>
public sealed partial class DlrmModel
{
    /// <summary>Bytes that this rank has sent in all-to-alls and given into sums, so far; 0 in one process.</summary>
    public (long Exchanged, long Reduced) Traffic => Parallel?.Traffic ?? default;

    /// <summary>A source's batches as this model takes them: on several ranks, this rank's part of each.</summary>
    /// <param name="source">Whole batches.</param>
    public IBatchSource PartOf(IBatchSource source) => Distribution is { Communicator: { } communicator }
        ? RankBatchSource.Of(source, communicator.Rank, communicator.Size)
        : source;

    /// <summary>Begins to bring the next batch's lookups to the ranks that have the rows; nothing in one process.</summary>
    /// <param name="next">The part that is passed forward next; it must stay as it is until then.</param>
    public void PrefetchLookups(Batch next) => Parallel?.Prefetch(next);

    /// <summary>Ends what <see cref="PrefetchLookups"/> began, where that batch will not come.</summary>
    internal void AbandonLookups() => Parallel?.AbandonPrefetch();

    /// <summary>Lets the ranks agree on a stop that one of them is asked for.</summary>
    /// <param name="stop">This rank's.</param>
    internal void ListenTo(CancellationToken stop) => Parallel?.ListenTo(stop);

    /// <summary>Whether to stop: on several ranks, what all of them agreed on in the last forward pass.</summary>
    /// <param name="stop">This rank's.</param>
    internal bool IsStopped(CancellationToken stop) => Parallel?.StopAgreed ?? stop.IsCancellationRequested;

    /// <summary>
    /// Forward, loss and backward for one virtual shard after the other (<see cref="DistributedOptions.Deterministic"/>):
    /// gradients stay apart by shard until the update, which then need not go back.
    /// </summary>
    private float ForwardBackwardShards(HybridParallelism parallel, Batch batch, in TowerPass pass)
    {
        BeginForward(batch, training: true);
        FinishFeatures(batch);
        VirtualShardSums shards = parallel.Shards!;
        Span<double> sums = stackalloc double[shards.Own];
        Activations a = _activations;
        int firstShard = parallel.Communicator.Rank * shards.Own;
        for (int shard = 0; shard < shards.Own; shard++)
        {
            (int start, int end) = BatchParts.Of(batch.WholeSize, firstShard + shard, DistributedOptions.VirtualShards);
            int first = start - batch.FirstSample;
            int count = end - start;
            TowerPass own = pass with { FirstSample = pass.FirstSample + first };
            _bottom.ForwardPass(
                batch.DenseMatrix.RowRange(first, count),
                a.Features.RowRange(first, count).ColumnRange(0, Config.FeatureDimension),
                own);
            Stages.End(Stage.BottomForward);
            ForwardTop(first, count, own);
            sums[shard] = SumLosses(batch, first, count);
            Stages.End(Stage.Loss);
            if (Optimizer is not null)
            {
                BackwardTop(first, count, accumulate: false);
                BackwardBottom(batch, first, count, accumulate: false);
                shards.Keep(shard);
                Stages.End(Stage.ReductionWait);
            }
        }

        double sum = parallel.Agree(sums);
        Stages.End(Stage.ReductionWait);
        return (float)(sum / batch.WholeSize);
    }

    private double SumLossesByShard(HybridParallelism parallel, Batch batch)
    {
        int own = DistributedOptions.VirtualShards / parallel.Communicator.Size;
        Span<double> sums = stackalloc double[own];
        for (int shard = 0; shard < own; shard++)
        {
            (int start, int end) = BatchParts.Of(
                batch.WholeSize, (parallel.Communicator.Rank * own) + shard, DistributedOptions.VirtualShards);
            sums[shard] = SumLosses(batch, start - batch.FirstSample, end - start);
        }

        return parallel.Agree(sums);
    }

    private void MarkAsShared()
    {
        foreach (Parameter parameter in Parameters)
        {
            parameter.IsShared = true;
        }

        foreach (Optimizers.OptimizerState state in Optimizer?.States ?? [])
        {
            state.IsShared = true;
        }
    }
}
