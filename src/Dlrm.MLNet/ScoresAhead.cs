using Dlrm.Data;
using Microsoft.ML;

namespace Dlrm.MLNet;

/// <summary>Scores of the rows of a cursor, in blocks read ahead of whoever wants them, or of one row at a time.</summary>
internal sealed class ScoresAhead : IDisposable
{
    /// <summary>Rows of a block: enough for the model to be busy, few enough to stay in the cache.</summary>
    public const int Block = 512;

    private readonly DlrmTransformer _transformer;
    private readonly DataViewRowCursor _cursor;
    private readonly RowReader _reader;
    private readonly Batch _batch;
    private readonly float[] _scores;
    private readonly bool _single;
    private int _next;
    private int _count;

    /// <summary>Reads ahead.</summary>
    /// <param name="cursor">Its own: disposed of here.</param>
    /// <param name="transformer">The model.</param>
    /// <param name="block">Rows at a time.</param>
    public ScoresAhead(DataViewRowCursor cursor, DlrmTransformer transformer, int block)
    {
        _cursor = cursor;
        _transformer = transformer;
        _reader = new RowReader(cursor, transformer.Columns);
        _batch = new Batch(transformer.Columns.DenseFeatures, transformer.Columns.TableRows.Count);
        _scores = new float[block];
    }

    /// <summary>Scores the row that a cursor of somebody else stands on.</summary>
    /// <param name="cursor">Not disposed of here.</param>
    /// <param name="transformer">The model.</param>
    public ScoresAhead(DataViewRowCursor cursor, DlrmTransformer transformer)
        : this(cursor, transformer, block: 1) => _single = true;

    /// <summary>The probability of the next row.</summary>
    public float Next()
    {
        if (_next == _count)
        {
            Fill();
        }

        return _scores[_next++];
    }

    public void Dispose()
    {
        _batch.Dispose();
        if (!_single)
        {
            _cursor.Dispose();
        }
    }

    private void Fill()
    {
        (_next, _count) = (0, 0);
        _batch.Resize(_scores.Length);
        while (_count < _scores.Length && (_single || _cursor.MoveNext()))
        {
            _reader.Read(_batch, _count++);
        }

        if (_count == 0)
        {
            throw new InvalidOperationException("The data view gave fewer rows when it was read a second time.");
        }

        _batch.Resize(_count);
        _transformer.Score(_batch, _scores);
    }
}
