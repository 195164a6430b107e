using Microsoft.ML;

namespace Dlrm.MLNet;

/// <summary>The rows of a data view with their scores, computed as they are read.</summary>
internal sealed class ScoredView(IDataView input, DlrmTransformer transformer) : IDataView
{
    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(input.Schema);

    public bool CanShuffle => input.CanShuffle;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, System.Random? rand = null)
    {
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        DataViewSchema.Column[] passed = [.. needed.Where(column => column.Index < input.Schema.Count)
            .Select(column => input.Schema[column.Index])];
        if (needed.Length == passed.Length)
        {
            return new ScoredCursor(input.GetRowCursor(passed, rand), Schema, needed, null);
        }

        // In the view's own order a second cursor runs ahead and scores whole blocks; in a random order rows are scored singly.
        DataViewSchema.Column[] features = [.. transformer.Columns.In(input.Schema)];
        DataViewRowCursor rows = input.GetRowCursor(rand is null ? passed : passed.Union(features), rand);
        return new ScoredCursor(rows, Schema, needed, rand is null
            ? new ScoresAhead(input.GetRowCursor(features), transformer, ScoresAhead.Block)
            : new ScoresAhead(rows, transformer));
    }

    public DataViewRowCursor[] GetRowCursorSet(
        IEnumerable<DataViewSchema.Column> columnsNeeded, int n, System.Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}
