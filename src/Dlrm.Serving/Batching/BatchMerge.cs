using Dlrm.Data;

namespace Dlrm.Serving.Batching;

/// <summary>Puts the rows of several requests one below the other.</summary>
internal static class BatchMerge
{
    /// <summary>Fills a batch; nothing is allocated once it has grown to the largest.</summary>
    /// <param name="target">Out.</param>
    /// <param name="requests">One or more.</param>
    public static void Fill(Batch target, List<PendingScore> requests)
    {
        int size = 0;
        foreach (PendingScore request in requests)
        {
            size += request.Count;
        }

        target.Resize(size);
        int row = 0;
        foreach (PendingScore request in requests)
        {
            request.Rows.Dense.CopyTo(target.Dense[(row * target.DenseFeatures)..]);
            row += request.Count;
        }

        for (int table = 0; table < target.Tables; table++)
        {
            Append(target, requests, table);
        }
    }

    private static void Append(Batch target, List<PendingScore> requests, int table)
    {
        int lookups = 0;
        foreach (PendingScore request in requests)
        {
            lookups += request.Rows.LookupCount(table);
        }

        Span<int> indices = target.ReserveIndices(table, lookups);
        Span<int> offsets = target.Offsets(table);
        int row = 0;
        int place = 0;
        foreach (PendingScore request in requests)
        {
            ReadOnlySpan<int> from = request.Rows.Offsets(table);
            for (int i = 0; i < request.Count; i++)
            {
                offsets[row++] = place + from[i];
            }

            request.Rows.Indices(table).CopyTo(indices[place..]);
            place += from[request.Count];
        }

        offsets[row] = place;
    }
}
