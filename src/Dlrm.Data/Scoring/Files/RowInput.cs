using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Scoring.Files;

/// <summary>A file of raw rows, open: its format and columns are known, its blocks are being read.</summary>
internal sealed class RowInput : IDisposable
{
    private const int PeekBytes = 4096;

    private readonly TextSource _source;
    private readonly byte[] _peeked = new byte[TextBlock.Capacity];
    private int _length;

    private RowInput(string file, TextSource source)
    {
        File = file;
        _source = source;
    }

    /// <summary>The file, or <c>-</c>.</summary>
    public string File { get; }

    /// <summary>True when rows are JSON objects, a line each.</summary>
    public bool IsJson { get; private set; }

    /// <summary>Names of the columns; empty for JSON.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>True when they stand in the first line.</summary>
    public bool HasHeader { get; private set; }

    /// <summary>Between fields.</summary>
    public byte Delimiter { get; private set; } = (byte)',';

    /// <summary>Fields may stand in quotes.</summary>
    public bool Quotes { get; private set; }

    /// <summary>Rows end with CR LF.</summary>
    public bool CarriageReturns { get; private set; }

    /// <summary>The column of each field of the encoder; empty for JSON.</summary>
    public int[] Columns { get; private set; } = [];

    /// <summary>The columns that are passed through; empty for JSON.</summary>
    public int[] IdColumns { get; private set; } = [];

    /// <summary>The label's column; −1 for none.</summary>
    public int LabelColumn { get; private set; } = -1;

    /// <summary>The blocks.</summary>
    public LineBlockReader Reader { get; private set; } = null!;

    /// <summary>Opens a file and looks at its first line.</summary>
    /// <param name="file">The file, or <c>-</c>.</param>
    /// <param name="options">What is known of it.</param>
    /// <param name="encoder">What its rows must have.</param>
    /// <param name="blocks">Blocks that there may be at a time.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="BadDataException">It is empty, in another format, or lacks a column.</exception>
    public static RowInput Open(string file, ScoringOptions options, RowEncoder encoder, int blocks, CancellationToken cancellation)
    {
        var source = new TextSource(file, delimited: true);
        try
        {
            var input = new RowInput(file, source);
            int start = input.Peek(out int end, out int next);
            input.Recognize(options, encoder, input._peeked.AsSpan(start, end - start));
            int rest = input.HasHeader ? next : start;
            input.Reader = new LineBlockReader(
                source, input._peeked.AsMemory(rest, input._length - rest), blocks, input.Quotes, cancellation);
            return input;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => Reader.Dispose();

    /// <summary>Reads up to the end of the first line.</summary>
    /// <returns>Where it begins: behind a byte order mark.</returns>
    private int Peek(out int end, out int next)
    {
        int feed = -1;
        int count = 1;

        // A little at a time: a pipe may have no more than a line yet.
        while (_length < _peeked.Length && feed < 0 && count > 0)
        {
            count = _source.Fill(_peeked.AsSpan(_length, Math.Min(PeekBytes, _peeked.Length - _length)));
            feed = _peeked.AsSpan(_length, count).IndexOf((byte)'\n') is >= 0 and int place ? _length + place : -1;
            _length += count;
        }

        int start = _peeked.AsSpan(0, _length).StartsWith<byte>([0xef, 0xbb, 0xbf]) ? 3 : 0;
        if (feed < 0 && _length == _peeked.Length)
        {
            throw new BadDataException(File, $"its first line goes on for more than {TextBlock.Capacity} bytes: it is no text of rows.");
        }

        next = feed < 0 ? _length : feed + 1;
        end = feed < 0 ? _length : feed;
        CarriageReturns = end > start && _peeked[end - 1] == (byte)'\r';
        end -= CarriageReturns ? 1 : 0;
        return start;
    }

    private void Recognize(ScoringOptions options, RowEncoder encoder, ReadOnlySpan<byte> line)
    {
        RowFileFormat format = options.InputFormat;
        bool table = format is RowFileFormat.Arrow or RowFileFormat.Parquet;
        if (table != _source.IsTable && (table || format != RowFileFormat.Auto))
        {
            string found = _source.IsTable ? $"a {_source.Format} file" : "text";
            throw new BadDataException(File, $"this is {found}; the format {format} was named. Name its own, or none.");
        }

        ReadOnlySpan<byte> text = line.TrimStart(" \t"u8);
        IsJson = !_source.IsTable && (format == RowFileFormat.JsonLines || (format == RowFileFormat.Auto && text.StartsWith("{"u8)));
        if (IsJson)
        {
            return;
        }

        TextConventions training = encoder.Text;
        char? given = format == RowFileFormat.Tsv ? '\t' : options.Delimiter;
        Delimiter = _source.IsTable ? (byte)','
            : given is { } character ? (byte)character
            : line.Contains((byte)'\t') ? (byte)'\t'
            : line.Contains((byte)',') ? (byte)','
            : line.Contains((byte)';') ? (byte)';' : (byte)training.Delimiter[0];
        Quotes = _source.IsTable || (options.Quotes ?? Delimiter != (byte)'\t');
        Names = DelimitedParser.Fields(line, Delimiter, Quotes);
        HasHeader = training.Header || _source.IsTable || Names.Any(name => encoder.FieldOf(name) >= 0);
        if (!HasHeader)
        {
            Names = HeaderlessNames(encoder, Names.Count);
        }

        Columns = [.. encoder.Fields.Select(field => Column(field.Name, "the model's feature"))];
        IdColumns = [.. options.IdColumns.Select(name => Column(name, "an id column"))];
        LabelColumn = options.Metrics ? Column(encoder.LabelColumn, "the label, which metrics need,") : -1;
    }

    /// <summary>Rows without a header have the columns of training, the label first or not at all.</summary>
    private string[] HeaderlessNames(RowEncoder encoder, int found)
    {
        string[] names = [.. encoder.Fields.Select(field => field.Name)];
        return found == names.Length ? names
            : found == names.Length + 1 ? [encoder.LabelColumn, .. names]
            : throw new BadDataException(
                File,
                $"its first line has {found} field{(found == 1 ? "" : "s")}; expected {names.Length + 1} ({encoder.LabelColumn}, "
                + $"{names[0]} to {names[^1]}), {names.Length} without the label, or a header with their names.");
    }

    private int Column(string name, string what)
    {
        int[] places = [.. Enumerable.Range(0, Names.Count).Where(place => Names[place] == name)];
        return places.Length == 1
            ? places[0]
            : throw new BadDataException(
                File,
                places.Length == 0
                    ? $"has no column '{name}', {what}; its columns are {string.Join(", ", Names.Take(60))}."
                    : $"has {places.Length} columns '{name}': rename all but one.");
    }
}
