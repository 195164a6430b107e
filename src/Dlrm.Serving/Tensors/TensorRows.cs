using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;

namespace Dlrm.Serving.Tensors;

/// <summary>Reads the tensors of a request into a batch; what a model cannot take is refused here, before rows of others join.</summary>
internal sealed class TensorRows
{
    private readonly DlrmConfig _config;
    private readonly InputTensor?[] _indices;
    private readonly InputTensor?[] _offsets;
    private InputTensor? _dense;
    private InputTensor? _sparse;

    /// <summary>Sorts out which tensor is which.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tensors">Of the request.</param>
    /// <exception cref="RequestException">One is unknown, missing, or there twice.</exception>
    public TensorRows(DlrmConfig config, IReadOnlyList<InputTensor> tensors)
    {
        _config = config;
        int tables = config.TableRows.Count;
        _indices = new InputTensor?[tables];
        _offsets = new InputTensor?[tables];
        foreach (InputTensor tensor in tensors)
        {
            Put(ref Place(tensor.Name), tensor);
        }

        if (_dense is null)
        {
            throw RequestException.Bad($"Tensor '{TensorNames.Dense}' is missing: {Expected()}.");
        }

        int first = Array.FindIndex(_indices, tensor => tensor is null);
        if (_sparse is null ? first >= 0 : Array.Exists(_indices, tensor => tensor is not null) || Array.Exists(_offsets, tensor => tensor is not null))
        {
            throw RequestException.Bad(
                _sparse is null
                    ? $"Neither '{TensorNames.Sparse}' nor '{TensorNames.IndicesPrefix}{first}' is there: {Expected()}."
                    : $"'{TensorNames.Sparse}' and tensors of single tables are two ways to say the same: leave one out.");
        }
    }

    /// <summary>Reads rows.</summary>
    /// <param name="batch">Out.</param>
    /// <param name="maxRows">Rows of a request at most.</param>
    public void Fill(Batch batch, int maxRows) => Fill(batch, Rows(maxRows), shared: null);

    /// <summary>
    /// Reads a context and its candidates: tensors of one row, where others have more, are the context's.
    /// </summary>
    /// <param name="batch">Out, as <see cref="DlrmModel.PredictShared"/> takes it.</param>
    /// <param name="maxRows">Candidates at most.</param>
    public SharedContext FillShared(Batch batch, int maxRows)
    {
        int rows = 1;
        for (int table = -1; table < _indices.Length; table++)
        {
            long own = table < 0 ? DenseRows() : BagRows(table);
            rows = JsonRows.Bounded(Math.Max(rows, own), maxRows);
        }

        var shared = new SharedContext(new bool[_indices.Length], DenseRows() == 1);
        for (int table = 0; table < _indices.Length; table++)
        {
            shared.Tables[table] = BagRows(table) == 1;
        }

        Fill(batch, rows, shared);
        return shared;
    }

    private void Fill(Batch batch, int rows, SharedContext? shared)
    {
        batch.Resize(rows);
        FillDense(batch, shared is { Dense: true } ? 1 : rows);
        if (_sparse is { } sparse)
        {
            FillSparse(batch, sparse);
            return;
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            FillBags(batch, table, shared is not null && shared.Tables[table] ? 1 : rows);
        }
    }

    private int Rows(int maxRows)
    {
        long rows = DenseRows();
        return rows == 0 ? throw RequestException.Bad("The request has no rows.") : JsonRows.Bounded(rows, maxRows);
    }

    private long DenseRows()
    {
        InputTensor dense = _dense!.Value;
        dense.RequireDimensions(2, $"[B, {_config.DenseFeatures}]");
        return dense.Elements == 0 ? 0 : dense.Shape[0]; // looked at for what cannot be a shape
    }

    private long BagRows(int table)
    {
        if (_sparse is { } sparse)
        {
            sparse.RequireDimensions(2, $"[B, {_config.TableRows.Count}]");
            return sparse.Shape[0];
        }

        InputTensor indices = _indices[table]!.Value;
        indices.RequireDimensions(1, "[L], the lookups of a table");
        if (_offsets[table] is not { } offsets)
        {
            return indices.Shape[0];
        }

        offsets.RequireDimensions(1, "[B + 1], where each bag begins, and the number of lookups");
        return offsets.Shape[0] - 1; // in a ranking the number of rows is not known otherwise, so the last offset is needed
    }

    private void FillDense(Batch batch, int rows)
    {
        InputTensor dense = _dense!.Value;
        if (dense.Shape[0] != rows || dense.Shape[1] != _config.DenseFeatures)
        {
            throw RequestException.Bad(
                $"Tensor '{dense.Name}' has the shape [{string.Join(", ", dense.Shape)}]; expected [{rows}, {_config.DenseFeatures}].");
        }

        var cursor = new ElementCursor(dense, integers: false);
        Span<float> values = batch.Dense;
        for (int i = 0; i < rows * _config.DenseFeatures; i++)
        {
            values[i] = cursor.NextFloat();
        }

        cursor.End();
    }

    private void FillSparse(Batch batch, InputTensor sparse)
    {
        sparse.RequireDimensions(2, $"[B, {batch.Tables}]");
        if (sparse.Shape[0] != batch.Size || sparse.Shape[1] != batch.Tables)
        {
            throw RequestException.Bad(
                $"Tensor '{sparse.Name}' has the shape [{string.Join(", ", sparse.Shape)}]; expected [{batch.Size}, {batch.Tables}].");
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            batch.ReserveIndices(table, batch.Size);
            WriteUnitOffsets(batch.Offsets(table));
        }

        var cursor = new ElementCursor(sparse, integers: true);
        for (int row = 0; row < batch.Size; row++)
        {
            for (int table = 0; table < batch.Tables; table++)
            {
                batch.Indices(table)[row] = InRange(cursor.NextInteger(), table, sparse.Name, row);
            }
        }

        cursor.End();
    }

    private void FillBags(Batch batch, int table, int rows)
    {
        InputTensor indices = _indices[table]!.Value;
        indices.RequireDimensions(1, "[L], the lookups of a table");
        var cursor = new ElementCursor(indices, integers: true);
        int lookups = (int)indices.Elements;
        Span<int> room = batch.ReserveIndices(table, lookups);
        Span<int> offsets = batch.Offsets(table);
        if (_offsets[table] is { } starts)
        {
            FillOffsets(starts, offsets[..(rows + 1)], lookups);
        }
        else if (lookups == rows)
        {
            WriteUnitOffsets(offsets[..(rows + 1)]);
        }
        else
        {
            throw RequestException.Bad(
                $"Tensor '{indices.Name}' has {lookups} lookups for {rows} rows: say where bags begin with '{TensorNames.OffsetsPrefix}{table}'.");
        }

        offsets[(rows + 1)..].Fill(lookups); // the empty bags of a shared table
        for (int i = 0; i < lookups; i++)
        {
            room[i] = InRange(cursor.NextInteger(), table, indices.Name, i);
        }

        cursor.End();
    }

    private static void FillOffsets(InputTensor starts, Span<int> offsets, int lookups)
    {
        int rows = offsets.Length - 1;
        starts.RequireDimensions(1, $"[{rows}] or [{rows + 1}]");
        long given = starts.Shape[0];
        if (given != rows && given != rows + 1)
        {
            throw RequestException.Bad($"Tensor '{starts.Name}' has {given} elements; expected {rows} or {rows + 1}.");
        }

        var cursor = new ElementCursor(starts, integers: true);
        long before = 0;
        for (int row = 0; row < given; row++)
        {
            long offset = cursor.NextInteger();
            if (offset < before || offset > lookups || (row == 0 && offset != 0) || (row == rows && offset != lookups))
            {
                throw RequestException.Bad(
                    $"Tensor '{starts.Name}': element {row} is {offset}; offsets begin with 0, ascend, and end at most in the {lookups} lookups.");
            }

            offsets[row] = (int)offset;
            before = offset;
        }

        offsets[rows] = lookups;
        cursor.End();
    }

    private int InRange(long index, int table, string name, int element)
    {
        if ((ulong)index >= (ulong)_config.TableRows[table])
        {
            throw RequestException.Bad(
                $"Tensor '{name}', {(name == TensorNames.Sparse ? "row" : "element")} {element}, table {table}: index {index} lies outside "
                + $"[0, {_config.TableRows[table]}), the rows of the table.");
        }

        return (int)index;
    }

    private static void WriteUnitOffsets(Span<int> offsets)
    {
        for (int row = 0; row < offsets.Length; row++)
        {
            offsets[row] = row;
        }
    }

    private ref InputTensor? Place(string name)
    {
        if (name == TensorNames.Dense)
        {
            return ref _dense;
        }

        if (name == TensorNames.Sparse)
        {
            return ref _sparse;
        }

        if (TensorNames.TryTable(name, TensorNames.IndicesPrefix, _indices.Length, out int table))
        {
            return ref _indices[table];
        }

        if (TensorNames.TryTable(name, TensorNames.OffsetsPrefix, _offsets.Length, out table))
        {
            return ref _offsets[table];
        }

        throw RequestException.Bad($"There is no input '{name}': {Expected()}.");
    }

    private static void Put(ref InputTensor? place, InputTensor tensor)
    {
        if (place is not null)
        {
            throw RequestException.Bad($"Tensor '{tensor.Name}' is there twice.");
        }

        place = tensor;
    }

    private string Expected() =>
        $"the model takes '{TensorNames.Dense}' FP32 [B, {_config.DenseFeatures}] and '{TensorNames.Sparse}' INT64 [B, {_indices.Length}], or "
        + $"'{TensorNames.IndicesPrefix}t' and '{TensorNames.OffsetsPrefix}t' for each of {_indices.Length} tables";
}
