namespace Dlrm.Mpi;

/// <summary>Words for messages.</summary>
internal static class Words
{
    /// <summary><c>rank 3</c>, or <c>ranks 1, 2, 5</c>.</summary>
    public static string Ranks(IReadOnlyList<int> ranks) => ranks.Count switch
    {
        0 => "nobody",
        1 => $"rank {ranks[0]}",
        > 8 => $"ranks {string.Join(", ", ranks.Take(8))} and {ranks.Count - 8} more",
        _ => $"ranks {string.Join(", ", ranks)}",
    };
}
