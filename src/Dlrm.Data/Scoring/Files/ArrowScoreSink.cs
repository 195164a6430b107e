using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace Dlrm.Data.Scoring.Files;

/// <summary>Scores as an Arrow IPC file: id columns as text, the score float32, null for a bad row.</summary>
internal sealed class ArrowScoreSink : ColumnScoreSink
{
    private readonly Schema _schema;
    private readonly ArrowFileWriter _writer;

    /// <summary>Begins the file.</summary>
    public ArrowScoreSink(ScoringOptions options, Stream target)
        : base(options)
    {
        _schema = new Schema(
            [.. IdNames.Select(name => new Field(name, StringType.Default, nullable: true)), new Field(ScoreName, FloatType.Default, nullable: true)],
            null);
        _writer = new ArrowFileWriter(target, _schema, leaveOpen: true);
        _writer.WriteStart();
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        base.Complete();
        _writer.WriteEnd();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _writer.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void WritePiece()
    {
        var columns = new List<IArrowArray>();
        foreach (string?[] ids in Ids)
        {
            columns.Add(new StringArray.Builder().AppendRange(ids.Take(Rows)).Build());
        }

        var scores = new FloatArray.Builder();
        foreach (float? score in Scores.AsSpan(0, Rows))
        {
            scores.Append(score);
        }

        columns.Add(scores.Build());
        using var batch = new RecordBatch(_schema, columns, Rows);
        _writer.WriteRecordBatch(batch);
    }
}
