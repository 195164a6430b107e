using Dlrm.Threading;

namespace Dlrm.Distributed;

/// <summary>How a batch is dealt out to ranks: part r is samples [B·r / N, B·(r + 1) / N), of which some may be empty.</summary>
internal static class BatchParts
{
    /// <summary>The first sample of a rank's part and the one after the last.</summary>
    /// <param name="samples">B.</param>
    /// <param name="rank">r.</param>
    /// <param name="ranks">N.</param>
    public static (int Start, int End) Of(int samples, int rank, int ranks) => WorkerTeam.Share(samples, rank, ranks);

    /// <summary>Samples of a rank's part.</summary>
    /// <param name="samples">B.</param>
    /// <param name="rank">r.</param>
    /// <param name="ranks">N.</param>
    public static int Count(int samples, int rank, int ranks)
    {
        (int start, int end) = Of(samples, rank, ranks);
        return end - start;
    }
}
