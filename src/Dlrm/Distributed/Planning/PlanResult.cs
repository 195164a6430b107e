namespace Dlrm.Distributed.Planning;

/// <summary>A plan beside what others would have been.</summary>
/// <param name="Plan">The plan, with its prediction.</param>
/// <param name="Prediction">What a step is expected to take, with what each rank does.</param>
/// <param name="Contiguous">The reference's division.</param>
/// <param name="Greedy">Whole tables, the largest first.</param>
/// <param name="Request">What was asked for.</param>
public sealed record PlanResult(ShardPlan Plan, StepPrediction Prediction, Baseline Contiguous, Baseline Greedy, PlanRequest Request)
{
    /// <summary>Threads of a rank, as given or decided.</summary>
    public int ThreadsPerRank => Request.Threads;

    /// <summary>Bytes that a rank may use, as given or decided.</summary>
    public long MemoryPerRank => Request.Memory;
}

/// <summary>A division to compare with.</summary>
/// <param name="Prediction">What a step would take if memory were no matter.</param>
/// <param name="MissingBytes">Bytes beyond the ranks' memory; 0 when it fits.</param>
public sealed record Baseline(StepPrediction Prediction, double MissingBytes)
{
    /// <summary>Whether it could run.</summary>
    public bool Fits => MissingBytes == 0;
}
