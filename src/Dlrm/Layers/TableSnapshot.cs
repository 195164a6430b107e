using Dlrm.Kernels;

namespace Dlrm.Layers;

/// <summary>The tables and their optimizer's state as they were at one moment, while steps go on updating rows.</summary>
/// <remarks>
/// Set as <see cref="EmbeddingTables.Snapshot"/>, it sees the rows of every update before they change and copies those
/// that its reader has not reached. Copies change no bit of the training. Whatever else writes to a table (loading,
/// initialising) must wait until no snapshot is set.
/// </remarks>
internal sealed class TableSnapshot
{
    private readonly RowSnapshot[][] _tensors;

    /// <summary>Takes the snapshot.</summary>
    /// <param name="tensors">By number of the parameter among the sparse ones: it and its row-wise state; perhaps none.</param>
    /// <param name="gate">Held for each update and for each piece that is read.</param>
    public TableSnapshot(RowSnapshot[][] tensors, Lock gate)
    {
        _tensors = tensors;
        Gate = gate;
    }

    /// <summary>Held for each update and for each piece that is read.</summary>
    public Lock Gate { get; }

    /// <summary>Bytes kept aside so far.</summary>
    public long BytesAside => _tensors.Sum(tensors => tensors.Sum(tensor => tensor.BytesAside));

    /// <summary>To be called, with the gate held, before the rows of sorted lookups change.</summary>
    /// <param name="parameter">Number among the sparse parameters.</param>
    /// <param name="lookups">Rows that no other worker updates.</param>
    public void Protect(int parameter, in SortedLookups lookups)
    {
        foreach (RowSnapshot tensor in _tensors[parameter])
        {
            tensor.Protect(lookups);
        }
    }
}
