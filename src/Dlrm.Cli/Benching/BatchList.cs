using Dlrm.Data;

namespace Dlrm.Cli.Benching;

/// <summary>Batches in memory as a source, so that a model of several ranks can take its part of each.</summary>
/// <param name="batches">All of one size.</param>
/// <param name="rows">Rows of each table.</param>
internal sealed class BatchList(IReadOnlyList<Batch> batches, IReadOnlyList<int> rows) : IBatchSource
{
    public string Description => "batches in memory";

    public int DenseFeatures => batches[0].DenseFeatures;

    public IReadOnlyList<int> TableRows => rows;

    public int BatchCount => batches.Count;

    public long SampleCount => batches.Sum(batch => (long)batch.Size);

    public void Read(int index, Batch batch)
    {
        Batch from = batches[index];
        batch.Resize(from.Size);
        from.Dense.CopyTo(batch.Dense);
        from.Labels.CopyTo(batch.Labels);
        for (int table = 0; table < from.Tables; table++)
        {
            ReadOnlySpan<int> indices = from.Indices(table);
            from.Offsets(table).CopyTo(batch.Offsets(table));
            indices.CopyTo(batch.ReserveIndices(table, indices.Length));
        }
    }
}
