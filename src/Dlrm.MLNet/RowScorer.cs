using Dlrm.Data;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet;

/// <summary>Scores rows one at a time: what a prediction engine asks for.</summary>
internal sealed class RowScorer(DataViewSchema input, DlrmTransformer transformer) : IRowToRowMapper
{
    public DataViewSchema InputSchema { get; } = input;

    public DataViewSchema OutputSchema { get; } = transformer.GetOutputSchema(input);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        DataViewSchema.Column[] wanted = [.. dependingColumns];
        IEnumerable<DataViewSchema.Column> own = wanted.Any(column => column.Index >= InputSchema.Count)
            ? transformer.Columns.In(InputSchema)
            : [];
        return wanted.Where(column => column.Index < InputSchema.Count).Select(column => InputSchema[column.Index]).Union(own);
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new ScoredRow(input, OutputSchema, transformer, activeColumns);

    /// <summary>A row with its scores.</summary>
    private sealed class ScoredRow : DataViewRow
    {
        private readonly DataViewRow _input;
        private readonly DlrmTransformer _transformer;
        private readonly HashSet<int> _active;
        private readonly Batch _batch;
        private readonly RowReader? _reader;
        private readonly float[] _probability = new float[1];
        private long _scored = long.MinValue;

        public ScoredRow(
            DataViewRow input, DataViewSchema schema, DlrmTransformer transformer, IEnumerable<DataViewSchema.Column> active)
        {
            _input = input;
            Schema = schema;
            _transformer = transformer;
            _active = [.. active.Select(column => column.Index)];
            _batch = new Batch(transformer.Columns.DenseFeatures, transformer.Columns.TableRows.Count);
            _batch.Resize(1);
            _reader = _active.Any(index => index >= input.Schema.Count) ? new RowReader(input, transformer.Columns) : null;
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            column.Index < _input.Schema.Count
                ? _input.GetGetter<TValue>(_input.Schema[column.Index])
                : ScoreColumns.Getter<TValue>(column.Index - _input.Schema.Count, Probability);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _batch.Dispose();
                _input.Dispose();
            }

            base.Dispose(disposing);
        }

        /// <summary>Of the row at hand; three columns ask for it and one computes it.</summary>
        private float Probability()
        {
            if (_scored != _input.Position)
            {
                _reader!.Read(_batch, 0);
                _transformer.Score(_batch, _probability);
                _scored = _input.Position;
            }

            return _probability[0];
        }
    }
}
