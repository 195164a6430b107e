namespace Dlrm.Distributed.Planning;

/// <summary>What a part of a table asks of the rank that has it.</summary>
/// <param name="Gather">Seconds of a step to check, look up and pool.</param>
/// <param name="Update">Seconds of a step to sort, add up and update.</param>
/// <param name="Columns">Elements that it contributes to a sample's pooled vectors, and sends to whoever has the sample.</param>
/// <param name="Lookups">Lookups of a step.</param>
/// <param name="Memory">Bytes of rows, their optimizer's state, and buffers.</param>
internal readonly record struct PartCost(double Gather, double Update, double Columns, double Lookups, double Memory);

/// <summary>One way to divide a table.</summary>
/// <param name="Sharding">Its kind.</param>
/// <param name="Bounds">As <see cref="TablePlacement.Bounds"/>.</param>
/// <param name="Parts">One a part; for <see cref="TableSharding.Replicated"/> one, that every rank has.</param>
/// <param name="ReducedElements">Elements of gradients that all ranks add up in a step; 0 unless replicated.</param>
internal sealed record ShardChoice(TableSharding Sharding, long[] Bounds, PartCost[] Parts, double ReducedElements = 0)
{
    /// <summary>Whether every rank has it.</summary>
    public bool IsReplicated => Sharding == TableSharding.Replicated;
}
