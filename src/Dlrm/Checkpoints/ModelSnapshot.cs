using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Checkpoints;

/// <summary>A model and its optimizer's state as they were at one moment, while training goes on.</summary>
/// <remarks>
/// The towers and all that is small are copied outright. Tables, and state that is kept by the row, are read where they
/// are: rows that change before they are read are copied first (<see cref="TableSnapshot"/>). One snapshot of a model at a
/// time; the sources are read once, each from its beginning to its end.
/// </remarks>
internal sealed class ModelSnapshot : IDisposable
{
    private readonly DlrmModel _model;
    private readonly TableSnapshot _tables;
    private readonly List<IDisposable> _copies = [];
    private readonly Lock _gate = new();
    private readonly SlotMemory _memory;
    private readonly SlotMemory? _ownMemory;

    /// <summary>Takes the snapshot; the next step may follow at once.</summary>
    /// <param name="model">A model that trains.</param>
    /// <param name="memory">Memory of the snapshots before, to be used again; null for none.</param>
    /// <exception cref="InvalidOperationException">Another snapshot of it is open.</exception>
    public ModelSnapshot(DlrmModel model, SlotMemory? memory = null)
    {
        if (model.Tables.Snapshot is not null)
        {
            throw new InvalidOperationException("The model's snapshot before is still being written.");
        }

        _model = model;
        _memory = memory ?? (_ownMemory = new SlotMemory());
        IReadOnlyList<Parameter> sparse = model.Tables.SparseParameters;
        IReadOnlySet<int> seen = model.Tables.SnapshotParameters();
        var rows = new List<RowSnapshot>[sparse.Count];
        var owner = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int number = 0; number < sparse.Count; number++)
        {
            rows[number] = [];
            if (seen.Contains(number))
            {
                owner.Add(sparse[number].Name, number);
            }
        }

        try
        {
            Tensors =
            [
                .. model.Parameters
                    .Where(parameter => RankedContents.Writes(model, parameter))
                    .Select(parameter => Take(parameter, owner.GetValueOrDefault(parameter.Name, -1), rows)),
            ];
            OptimizerTensors =
            [
                .. (model.Optimizer?.States ?? []).Where(state => RankedContents.Writes(model, state)).Select(state => Take(
                    state.Name,
                    TensorType.F32,
                    [.. state.Shape.Select(extent => (long)extent)],
                    state.Value,
                    OwnerOf(state, model.Optimizer!.Sparse, owner),
                    rows,
                    TensorPart.Of(state.Name, state.Region, state.Shape.Count))),
            ];
            _tables = new TableSnapshot([.. rows.Select(list => list.ToArray())], _gate);
            model.Tables.Snapshot = _tables;
        }
        catch
        {
            _copies.ForEach(copy => copy.Dispose());
            _ownMemory?.Dispose();
            throw;
        }
    }

    /// <summary>The parameters.</summary>
    public IReadOnlyList<TensorSource> Tensors { get; }

    /// <summary>The optimizer's state.</summary>
    public IReadOnlyList<TensorSource> OptimizerTensors { get; }

    /// <summary>Bytes of rows that changed before they were read.</summary>
    public long BytesAside => _tables.BytesAside;

    /// <summary>Ends it: steps copy no more rows, and the memory is given back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _model.Tables.Snapshot = null;
        }

        _copies.ForEach(copy => copy.Dispose());
        _ownMemory?.Dispose();
    }

    /// <summary>The table whose rows a state follows, or −1: state NAME.x with a row for each of table NAME.</summary>
    private static int OwnerOf(OptimizerState state, SparseOptimizer optimizer, Dictionary<string, int> owner)
    {
        int end = state.Name.LastIndexOf('.');
        return optimizer.States.Contains(state)
            && end > 0
            && owner.TryGetValue(state.Name[..end], out int number)
            && state.Shape[0] == optimizer.Tables[number].Shape[0]
            ? number
            : -1;
    }

    private TensorSource Take(Parameter parameter, int table, List<RowSnapshot>[] rows)
    {
        string name = StoredParameter.Name(parameter);
        TensorType type = StoredParameter.Type(parameter);
        long[] shape = StoredParameter.Shape(parameter);
        TensorPart? part = TensorPart.Of(name, parameter.Region, parameter.Shape.Count);
        return parameter.Storage == StorageFormat.Float32
            ? Take(name, type, shape, parameter.Value, table, rows, part)
            : Take(name, type, shape, parameter.Packed, table, rows, part);
    }

    private TensorSource Take<T>(
        string name, TensorType type, long[] shape, NativeBuffer<T> value, int table, List<RowSnapshot>[] rows, TensorPart? part)
        where T : unmanaged
    {
        name = part?.Name ?? name;
        if (table < 0 || value.Length == 0)
        {
            NativeBuffer<T> copy = value.Clone();
            _copies.Add(copy);
            return TensorSource.Of(name, type, shape, copy, part);
        }

        RowSnapshot snapshot = RowSnapshot.Of(value, (int)shape[0], _memory);
        _copies.Add(snapshot);
        rows[table].Add(snapshot);
        return TensorSource.Of(name, type, shape, snapshot, _gate, part);
    }
}
