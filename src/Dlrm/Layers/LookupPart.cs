using Dlrm.Data;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>One sum-pooled matrix of a table: what its lookups are, so that they can be sorted by row.</summary>
/// <remarks>A full table has one part, looked up by the batch's own indices; other kinds may have several, or map indices.</remarks>
/// <param name="Table">The table it is of.</param>
/// <param name="Number">Its number among the table's parts.</param>
/// <param name="Rows">Rows of the matrix.</param>
/// <param name="Mapped">The indices, where they are not the batch's own.</param>
internal sealed record LookupPart(int Table, int Number, int Rows, MappedIndices? Mapped)
{
    /// <summary>The row that each lookup of a batch takes.</summary>
    /// <param name="batch">The batch pooled last, where indices are mapped.</param>
    public ReadOnlySpan<int> Indices(Batch batch)
        => Mapped is null ? batch.Indices(Table) : Mapped.Values[..batch.LookupCount(Table)];

    /// <summary>0, 1, 2, … where the gradient has a row a lookup; null where it has a row a sample.</summary>
    public MappedIndices? Places { get; init; }

    /// <summary>Offsets into the lookups, one a row of the gradient and one more.</summary>
    /// <param name="batch">The batch.</param>
    public ReadOnlySpan<int> Offsets(Batch batch)
        => Places is null ? batch.Offsets(Table) : Places.Values[..(batch.LookupCount(Table) + 1)];

    /// <summary>Rows of the gradient.</summary>
    /// <param name="batch">The batch.</param>
    public int Samples(Batch batch) => Places is null ? batch.Size : batch.LookupCount(Table);
}

/// <summary>Indices of a batch turned into row numbers of another matrix; grows to the largest batch.</summary>
internal sealed class MappedIndices : IDisposable
{
    private NativeBuffer<int> _values = new(0);

    /// <summary>(at least L).</summary>
    public Span<int> Values => _values.Span;

    /// <summary>Makes room.</summary>
    /// <param name="lookups">L.</param>
    public void Reserve(int lookups)
    {
        if (lookups > _values.Length)
        {
            _values.Dispose();
            _values = new NativeBuffer<int>(lookups + (lookups / 4L));
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _values.Dispose();
}
