using Dlrm.Data.Folders;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Preprocessing;

/// <summary>The first line of a file, and what it tells of the others.</summary>
/// <param name="File">The file.</param>
/// <param name="Names">Names of the columns.</param>
/// <param name="Delimiter">Between fields.</param>
/// <param name="Quotes">Fields may stand in quotes.</param>
/// <param name="CarriageReturns">Rows end with CR LF.</param>
/// <param name="Bytes">Bytes of text up to the first row.</param>
/// <param name="Lines">Lines of the header.</param>
internal sealed record Header(
    string File, IReadOnlyList<string> Names, byte Delimiter, bool Quotes, bool CarriageReturns, int Bytes, int Lines)
{
    /// <summary>What the header was read from, when it cannot be opened again.</summary>
    private TextSource? _source;

    /// <summary>Reads it.</summary>
    /// <param name="file">The file, or <c>-</c>.</param>
    /// <param name="delimiter">Null: tab if there is one, else semicolon where there is no comma, else comma.</param>
    /// <param name="quotes">Null: with tabs none, else yes.</param>
    /// <exception cref="BadDataException">The file is empty, or has no header.</exception>
    public static Header Read(string file, char? delimiter, bool? quotes)
    {
        var source = new TextSource(file, delimited: true);
        bool keep = false;
        try
        {
            var text = new byte[TextBlock.Capacity];
            int length = 0;
            int end = -1;

            // A little at a time: of a pipe, what was read must be given to the reader again.
            while (length < text.Length && end < 0)
            {
                int count = source.Fill(text.AsSpan(length, Math.Min(4096, text.Length - length)));
                end = text.AsSpan(length, count).IndexOf((byte)'\n');
                end = end < 0 ? -1 : length + end;
                length += count;
                if (count == 0)
                {
                    break;
                }
            }

            if (end < 0)
            {
                throw new BadDataException(file, "has one line at most; expected a header with the columns' names, and rows.");
            }

            int start = text.AsSpan().StartsWith<byte>([0xef, 0xbb, 0xbf]) ? 3 : 0;
            bool carriage = end > start && text[end - 1] == (byte)'\r';
            ReadOnlySpan<byte> line = text.AsSpan(start, end - start - (carriage ? 1 : 0));
            byte between = source.IsTable ? (byte)',' : (byte)(delimiter ?? (line.Contains((byte)'\t') ? '\t' : line.Contains((byte)',') ? ',' : line.Contains((byte)';') ? ';' : ','));
            bool quoted = source.IsTable || (quotes ?? between != (byte)'\t');
            IReadOnlyList<string> names = DelimitedParser.Fields(line, between, quoted);
            if (names.Count < 2)
            {
                throw new BadDataException(
                    file, $"the header '{BadLine.Escape(line)}' has one column; name what stands between columns with --delimiter.");
            }

            keep = file == SourceFiles.StandardInput;
            return new Header(file, names, between, quoted, carriage, end + 1, 1)
            {
                _source = keep ? source : null,
                Rest = keep ? text.AsMemory(end + 1, length - end - 1) : default,
            };
        }
        finally
        {
            if (!keep)
            {
                source.Dispose();
            }
        }
    }

    /// <summary>Of a pipe, text that was read beyond the header.</summary>
    public ReadOnlyMemory<byte> Rest { get; private init; }

    /// <summary>Begins to read the rows.</summary>
    /// <param name="blocks">Blocks that there may be at a time.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <param name="skip">Bytes of rows to leave out.</param>
    public LineBlockReader Open(int blocks, CancellationToken cancellation, long skip = 0) => _source is { } source
        ? new LineBlockReader(source, Rest, blocks, Quotes, cancellation)
        : new LineBlockReader(File, blocks, cancellation, Quotes, Bytes + skip, delimited: true);

    /// <summary>What dataset.json says of the text.</summary>
    public TextConventions Conventions(DataSchema schema) =>
        new() { Delimiter = ((char)Delimiter).ToString(), Quotes = Quotes, Missing = schema.Missing };
}
