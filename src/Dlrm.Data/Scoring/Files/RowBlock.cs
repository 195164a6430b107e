using Dlrm.Data.Lines;
using Dlrm.Data.Preprocessing;
using Dlrm.Kernels;

namespace Dlrm.Data.Scoring.Files;

/// <summary>The rows of one block of text, on their way from text to scores to text. One worker at a time.</summary>
internal sealed partial class RowBlock : IDisposable
{
    private readonly ScoringOptions _options;
    private readonly int[] _rowsOfBatch;
    private readonly List<BadLine> _bad = [];
    private RowInput _input = null!;
    private TextBlock _text = null!;
    private DelimitedParser? _parser;
    private byte[] _original = [];
    private float[] _scores = new float[64];
    private float[] _labels = new float[64];
    private int[] _lineStarts = new int[64];
    private int[] _lineEnds = new int[64];
    private int _position;
    private int _lines;
    private bool _zeros;

    /// <summary>An empty block.</summary>
    public RowBlock(RowEncoder encoder, ScoringOptions options)
    {
        _options = options;
        Batch = new RowBatch(encoder, options.BatchRows);
        _rowsOfBatch = new int[options.BatchRows];
    }

    /// <summary>Rows that wait for their scores.</summary>
    public RowBatch Batch { get; }

    /// <summary>True when all rows of the text were encoded, or one is bad and that ends it.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Rows so far, bad ones included.</summary>
    public int Rows { get; private set; }

    /// <summary>Lines of the text so far.</summary>
    public int Lines => _lines;

    /// <summary>Bad rows; their line numbers count from the block's first.</summary>
    public IReadOnlyList<BadLine> Bad => _bad;

    /// <summary>(rows): NaN for bad ones.</summary>
    public ReadOnlySpan<float> Scores => _scores.AsSpan(0, Rows);

    /// <summary>(rows), where metrics are wanted.</summary>
    public ReadOnlySpan<float> Labels => _labels.AsSpan(0, Rows);

    /// <summary>The text.</summary>
    public TextBlock Text => _text;

    /// <summary>Takes a block of text.</summary>
    public void Begin(TextBlock text, RowInput input)
    {
        if (input != _input)
        {
            _input = input;
            _parser = input.IsJson
                ? null
                : new DelimitedParser(new RowLayout(input.Names), input.Delimiter, input.Quotes, input.CarriageReturns, InstructionSets.Choose());
        }

        _text = text;
        _position = 0;
        _lines = 0;
        Rows = 0;
        IsDone = false;
        _bad.Clear();
        BeginIds();
    }

    /// <summary>Encodes rows until the batch is full or the text ends.</summary>
    public void Encode()
    {
        Batch.Clear();
        if (IsDone)
        {
            return;
        }

        if (_position == 0)
        {
            _zeros = _text.Text.Contains((byte)0);
            KeepOriginal();
        }

        if (_text.Kind != TextBlockKind.Lines)
        {
            AddBad(NotLines(_text));
            IsDone = true;
            return;
        }

        while (_position < _text.Length && !Batch.IsFull && !IsDone)
        {
            Reserve();
            _rowsOfBatch[Batch.Count] = Rows;
            BadLine? bad = _parser is null ? AddJsonRow() : AddTextRow(_parser);
            if (bad is { } found)
            {
                AddBad(found);
            }
            else
            {
                Rows++;
            }
        }

        IsDone |= _position >= _text.Length;
    }

    /// <summary>Takes the scores of the batch.</summary>
    public void Take(ReadOnlySpan<float> scores)
    {
        for (int row = 0; row < scores.Length; row++)
        {
            _scores[_rowsOfBatch[row]] = scores[row];
        }
    }

    /// <summary>A row as it stood in the text, without its line end.</summary>
    public ReadOnlySpan<byte> OriginalLine(int row) => _original.AsSpan(_lineStarts[row].._lineEnds[row]);

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Batch.Dispose();

    private static BadLine NotLines(TextBlock text) => text.Kind == TextBlockKind.OverlongLine
        ? new BadLine(
            BadLineReason.LineTooLong, 1, 0, "", BadLine.Escape(text.Text),
            $"goes on for more than {TextBlock.Capacity} bytes without the end of the row")
        : new BadLine(
            BadLineReason.Truncated, 1, 0, "", BadLine.Escape(text.Text),
            "is where the text breaks off: the packed stream is not complete, or other bytes follow it");

    private void KeepOriginal()
    {
        if (!_options.Append)
        {
            return;
        }

        if (_original.Length < _text.Length)
        {
            _original = new byte[TextBlock.Capacity + TextBlock.Padding];
        }

        _text.Text.CopyTo(_original);
    }

    private void AddBad(BadLine bad)
    {
        _bad.Add(bad);
        Reserve();
        _scores[Rows] = float.NaN;
        EndIdsOfBadRow();
        if (_text.Kind != TextBlockKind.Lines)
        {
            _lines = 1;
            (_lineStarts[Rows], _lineEnds[Rows]) = (0, 0);
        }

        Rows++;
        IsDone |= _options.OnBadRow == OnBadRow.Error || bad.Reason == BadLineReason.Truncated;
    }

    private BadLine? AddTextRow(DelimitedParser parser)
    {
        int line = _lines + 1;
        int start = _position;
        BadLine? defect = parser.NextRow(_text, ref _position, ref _lines, _zeros);
        SetLine(start, _position - 1 - (_input.CarriageReturns ? 1 : 0));
        if (defect is not null)
        {
            return defect;
        }

        TakeIds(parser);
        if (_input.LabelColumn >= 0
            && !Batch.Encoder.TryReadLabel(parser.Field(_text, _input.LabelColumn), out _labels[Rows]))
        {
            return Wrong(line, _input.LabelColumn, BadLine.Escape(parser.Field(_text, _input.LabelColumn)), "is not a label");
        }

        Batch.BeginRow();
        int[] columns = _input.Columns;
        for (int field = 0; field < columns.Length; field++)
        {
            if (!Batch.TrySetText(field, parser.Field(_text, columns[field]), out RowProblem problem))
            {
                Batch.DiscardRow();
                return Wrong(line, columns[field], problem.Value, problem.Problem);
            }
        }

        Batch.EndRow();
        return null;
    }

    private BadLine Wrong(int line, int column, string text, string problem) =>
        new(BadLineReason.NotANumber, line, column + 1, _input.Names[column], text, problem);

    private void SetLine(int start, int end)
    {
        _lineStarts[Rows] = start;
        _lineEnds[Rows] = Math.Max(start, end);
    }

    private void Reserve()
    {
        if (Rows == _scores.Length)
        {
            Array.Resize(ref _scores, 2 * Rows);
            Array.Resize(ref _labels, 2 * Rows);
            Array.Resize(ref _lineStarts, 2 * Rows);
            Array.Resize(ref _lineEnds, 2 * Rows);
        }
    }
}
