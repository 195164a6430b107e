using System.Text;

namespace Dlrm.Data.Scoring.Files;

/// <summary>Scores as columns, collected until there are enough for a piece of a file.</summary>
internal abstract class ColumnScoreSink : ScoreSink
{
    private const int PieceRows = 1 << 16;

    private readonly ScoringOptions _options;

    /// <summary>Prepares.</summary>
    protected ColumnScoreSink(ScoringOptions options)
    {
        _options = options;
        Ids = [.. options.IdColumns.Select(_ => new string?[PieceRows])];
    }

    /// <summary>Names of the id columns.</summary>
    protected IReadOnlyList<string> IdNames => _options.IdColumns;

    /// <summary>Name of the scores.</summary>
    protected string ScoreName => _options.ScoreColumn;

    /// <summary>(id columns) of (rows).</summary>
    protected string?[][] Ids { get; }

    /// <summary>(rows): null for a bad row.</summary>
    protected float?[] Scores { get; } = new float?[PieceRows];

    /// <summary>Rows collected.</summary>
    protected int Rows { get; private set; }

    /// <inheritdoc/>
    public override void Begin(RowInput input)
    {
    }

    /// <inheritdoc/>
    public override void Write(RowBlock block, int slot)
    {
        for (int row = 0; row < block.Rows; row++)
        {
            for (int column = 0; column < Ids.Length; column++)
            {
                ReadOnlySpan<byte> id = block.Id(row, column, out bool bare);
                Ids[column][Rows] = bare && (id.IsEmpty || id.SequenceEqual("null"u8)) ? null : Encoding.UTF8.GetString(id);
            }

            Scores[Rows++] = float.IsNaN(block.Scores[row]) ? null : block.Scores[row];
            if (Rows == PieceRows)
            {
                WritePiece();
                Rows = 0;
            }
        }
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        if (Rows > 0)
        {
            WritePiece();
            Rows = 0;
        }
    }

    /// <summary>Writes the rows collected.</summary>
    protected abstract void WritePiece();
}
