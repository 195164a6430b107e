using System.Runtime.ExceptionServices;

namespace Dlrm.Data.Lines;

/// <summary>Reads, unpacks and cuts a text file into blocks of whole lines, on a thread of its own.</summary>
/// <remarks>
/// A final line without a line feed gets one. A line longer than a block, which no data row is, comes as a block of its
/// own. Blocks given back are used again, so memory is bounded however large the file.
/// </remarks>
internal sealed class LineBlockReader : IDisposable
{
    private readonly TextSource _source;
    private readonly BlockExchange _exchange;
    private readonly CancellationTokenSource _stop;
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private readonly bool _quotes;
    private readonly long _skip;
    private readonly ReadOnlyMemory<byte> _read;

    /// <summary>Opens a file and begins to read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="blocks">Blocks that there may be at a time, 3 or more; whoever reads may hold all but 2.</param>
    /// <param name="cancellation">Makes <see cref="Next"/> throw.</param>
    /// <param name="quotes">Line feeds inside double quotes do not end a line.</param>
    /// <param name="skip">Bytes of text to leave out at the start; they are hashed all the same.</param>
    /// <param name="delimited">The file may be a table, or begin with a byte order mark, which stays in the text.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="BadDataException">It is empty, or in a format that is not read here.</exception>
    public LineBlockReader(
        string path, int blocks, CancellationToken cancellation, bool quotes = false, long skip = 0,
        bool delimited = false)
    {
        _exchange = new BlockExchange(blocks);
        _quotes = quotes;
        _skip = skip;
        _source = new TextSource(path, delimited);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _stop.Token.Register(_exchange.Stop);
        _thread = new Thread(Run) { IsBackground = true, Name = "dlrm reader" };
        _thread.Start();
    }

    /// <summary>Goes on with a source of which some text was read.</summary>
    /// <param name="source">The source, disposed of with this.</param>
    /// <param name="read">Text that was read of it and comes first.</param>
    /// <param name="blocks">Blocks that there may be at a time, 3 or more.</param>
    /// <param name="quotes">Line feeds inside double quotes do not end a line.</param>
    /// <param name="cancellation">Makes <see cref="Next"/> throw.</param>
    public LineBlockReader(
        TextSource source, ReadOnlyMemory<byte> read, int blocks, bool quotes, CancellationToken cancellation)
    {
        _exchange = new BlockExchange(blocks);
        _quotes = quotes;
        _read = read;
        _source = source;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _stop.Token.Register(_exchange.Stop);
        _thread = new Thread(Run) { IsBackground = true, Name = "dlrm reader" };
        _thread.Start();
    }

    /// <summary>How the file is packed.</summary>
    public TextFormat Format => _source.Format;

    /// <summary>Bytes of the file read so far.</summary>
    public long BytesRead => _source.BytesRead;

    /// <summary>XxHash3 of the file, once <see cref="Next"/> gave null.</summary>
    public ulong FileHash => _source.FileHash;

    /// <summary>True if the last line had no line feed, once <see cref="Next"/> gave null.</summary>
    public bool LastLineUnended { get; private set; }

    /// <summary>The next block, to be given back; null after the last.</summary>
    /// <exception cref="BadDataException">The packed stream is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public TextBlock? Next()
    {
        if (_exchange.TakeFull() is { } block)
        {
            return block;
        }

        _failure?.Throw();
        return null;
    }

    /// <summary>Gives a block back.</summary>
    public void Return(TextBlock block) => _exchange.Return(block);

    /// <summary>Ends the thread and closes the file.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _source.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            ReadAll();
        }
        catch (OperationCanceledException)
        {
            // Whoever stopped this thread knows.
        }
#pragma warning disable CA1031 // Every exception is carried to the caller of Next.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
        finally
        {
            _exchange.End();
        }
    }

    private void ReadAll()
    {
        TextBlock block = Take();
        for (long left = _skip; left > 0;)
        {
            int wanted = (int)Math.Min(left, TextBlock.Capacity);
            int skipped = _source.Fill(block.Bytes.AsSpan(0, wanted));
            left = skipped < wanted ? 0 : left - skipped;
            _stop.Token.ThrowIfCancellationRequested();
        }

        _read.Span.CopyTo(block.Bytes);
        int carried = _read.Length;
        while (true)
        {
            int length = carried + _source.Fill(block.Bytes.AsSpan(carried, TextBlock.Capacity - carried));
            if (length < TextBlock.Capacity)
            {
                FinishFile(block, length);
                return;
            }

            int end = LastLineEnd(block.Bytes.AsSpan(0, length)) + 1;
            TextBlock next = Take();
            if (end == 0)
            {
                Publish(block, length, TextBlockKind.OverlongLine);
                carried = DropRestOfLine(next);
            }
            else
            {
                carried = length - end;
                block.Bytes.AsSpan(end, carried).CopyTo(next.Bytes);
                Publish(block, end, TextBlockKind.Lines);
            }

            block = next;
        }
    }

    private void FinishFile(TextBlock block, int length)
    {
        int end = block.Bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
        if (!_source.Truncated)
        {
            if (end < length)
            {
                LastLineUnended = true;
                block.Bytes[length++] = (byte)'\n';
            }

            if (length > 0)
            {
                Publish(block, length, TextBlockKind.Lines);
            }

            return;
        }

        TextBlock rest = Take();
        block.Bytes.AsSpan(end, length - end).CopyTo(rest.Bytes);
        if (end > 0)
        {
            Publish(block, end, TextBlockKind.Lines);
        }

        Publish(rest, length - end, TextBlockKind.Break);
    }

    /// <summary>Reads up to the next line feed; what comes after it begins <paramref name="block"/>.</summary>
    private int DropRestOfLine(TextBlock block)
    {
        while (true)
        {
            int length = _source.Fill(block.Bytes.AsSpan(0, TextBlock.Capacity));
            int end = block.Bytes.AsSpan(0, length).IndexOf((byte)'\n') + 1;
            if (end > 0 || length < TextBlock.Capacity)
            {
                int start = end > 0 ? end : length;
                block.Dropped += start;
                block.Bytes.AsSpan(start, length - start).CopyTo(block.Bytes);
                return length - start;
            }

            block.Dropped += length;
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Place of the last line feed that ends a line; −1 for none. Text begins outside quotes.</summary>
    private int LastLineEnd(ReadOnlySpan<byte> text)
    {
        int end = text.LastIndexOf((byte)'\n');
        while (_quotes && end >= 0 && text[..end].Count((byte)'"') % 2 == 1)
        {
            end = text[..text[..end].LastIndexOf((byte)'"')].LastIndexOf((byte)'\n');
        }

        return end;
    }

    private void Publish(TextBlock block, int length, TextBlockKind kind)
    {
        block.Length = length;
        block.Kind = kind;
        _exchange.Publish(block);
    }

    private TextBlock Take()
    {
        TextBlock block = _exchange.TakeFree();
        block.Dropped = 0;
        return block;
    }
}
