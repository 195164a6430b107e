using Parquet;
using Parquet.Schema;

namespace Dlrm.Data.Scoring.Files;

/// <summary>Scores as a Parquet file: id columns as text, the score float32, null for a bad row.</summary>
internal sealed class ParquetScoreSink : ColumnScoreSink
{
    private readonly DataField<string>[] _ids;
    private readonly DataField<float?> _score;
    private readonly ParquetWriter _writer;
    private bool _ended;

    /// <summary>Begins the file.</summary>
    public ParquetScoreSink(ScoringOptions options, Stream target)
        : base(options)
    {
        _ids = [.. IdNames.Select(name => new DataField<string>(name))];
        _score = new DataField<float?>(ScoreName);
        _writer = ParquetWriter.CreateAsync(new ParquetSchema([.. _ids, _score]), target).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        base.Complete();
        End();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        End();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void WritePiece() => WritePieceAsync().GetAwaiter().GetResult();

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private async Task WritePieceAsync()
    {
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        for (int column = 0; column < _ids.Length; column++)
        {
            await group.WriteAsync(_ids[column], Ids[column][..Rows]).ConfigureAwait(false);
        }

        await group.WriteAsync<float>(_score, Scores.AsMemory(0, Rows)).ConfigureAwait(false);
    }
}
