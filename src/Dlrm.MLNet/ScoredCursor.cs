using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet;

/// <summary>A cursor over rows and their scores.</summary>
/// <param name="rows">Disposed of here.</param>
/// <param name="schema">Their columns and the scores behind.</param>
/// <param name="active">Columns that may be asked for.</param>
/// <param name="scores">Disposed of here; null when no score is wanted.</param>
internal sealed class ScoredCursor(
    DataViewRowCursor rows, DataViewSchema schema, IEnumerable<DataViewSchema.Column> active, ScoresAhead? scores) : DataViewRowCursor
{
    private readonly HashSet<int> _active = [.. active.Select(column => column.Index)];
    private float _probability;

    public override DataViewSchema Schema => schema;

    public override long Position => rows.Position;

    public override long Batch => rows.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => rows.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override bool MoveNext()
    {
        bool moved = rows.MoveNext();
        if (moved && scores is not null)
        {
            _probability = scores.Next();
        }

        return moved;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        column.Index < rows.Schema.Count
            ? rows.GetGetter<TValue>(rows.Schema[column.Index])
            : ScoreColumns.Getter<TValue>(column.Index - rows.Schema.Count, () => _probability);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            scores?.Dispose();
            rows.Dispose();
        }

        base.Dispose(disposing);
    }
}
