using System.Globalization;
using Apache.Arrow;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>Collects the rows of one part and writes them to files, 65,536 rows a record batch.</summary>
internal sealed class PartWriter(string folder, string name, Schema schema, RowBuffers buffers) : IDisposable
{
    /// <summary>Rows of a record batch.</summary>
    public const int BatchRows = 1 << 16;

    private readonly List<RowFileEntry> _files = [];
    private RowFileWriter? _writer;
    private double _labels;
    private long _rows;

    /// <summary>The part's name.</summary>
    public string Name => name;

    /// <summary>Rows of this writer's record batches, <see cref="BatchRows"/> at most.</summary>
    public int RowsPerBatch { get; init; } = BatchRows;

    /// <summary>A file ends when it is larger.</summary>
    public long FileBytes { get; init; } = 1 << 29;

    /// <summary>True for the name of the one file; else files are numbered.</summary>
    public bool IsOneFile { get; init; }

    /// <summary>Told of each file that is on the disk.</summary>
    public Action<RowFileEntry>? FileEnded { get; init; }

    /// <summary>The files written.</summary>
    public IReadOnlyList<RowFileEntry> Files => _files;

    /// <summary>Rows so far.</summary>
    public long Rows => _rows;

    /// <summary>Bytes of the file under way, those of rows not yet written included.</summary>
    public long PendingBytes =>
        (_writer?.Bytes ?? 0) + ((long)buffers.Rows * sizeof(int) * (1 + buffers.Dense.Length + buffers.Sparse.Length));

    /// <summary>Mean label, summed in the order of the rows; null without any.</summary>
    public double? LabelRate => _rows == 0 ? null : _labels / _rows;

    /// <summary>Takes up a file that an earlier process finished, before any rows are added.</summary>
    public void Restore(RowFileEntry entry, RowFile file)
    {
        foreach (RowFile.Piece piece in file.Pieces)
        {
            AddLabels(piece.Column<float>(0, 0, piece.Rows));
        }

        _files.Add(entry);
        _rows += entry.Rows;
    }

    /// <summary>Adds rows.</summary>
    public void Append(RowBuffers rows)
    {
        // Growing to a whole record batch by doubling would copy it twice.
        if (buffers.Rows > 0 && buffers.Rows + rows.Rows <= RowsPerBatch)
        {
            buffers.Reserve(buffers.Rows > RowsPerBatch / 16 ? RowsPerBatch : buffers.Rows + rows.Rows);
        }

        for (int done = 0; done < rows.Rows;)
        {
            int count = Math.Min(rows.Rows - done, RowsPerBatch - buffers.Rows);
            Copy(rows, done, count);
            done += count;
            if (buffers.Rows == RowsPerBatch)
            {
                Flush();
            }
        }

        AddLabels(rows.Labels.Floats[..rows.Rows]);
        _rows += rows.Rows;
    }

    /// <summary>Writes what is left and ends the last file.</summary>
    public void Complete()
    {
        if (buffers.Rows > 0)
        {
            Flush();
        }

        EndFile();
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _writer?.Dispose();

    private void AddLabels(ReadOnlySpan<float> labels)
    {
        foreach (float label in labels)
        {
            _labels += label;
        }
    }

    private void Flush()
    {
        _writer ??= new RowFileWriter(
            Path.Combine(folder, FileName()), schema);
        _writer.Append(buffers);
        buffers.Rows = 0;
        if (_writer.Bytes > FileBytes)
        {
            EndFile();
        }
    }

    private string FileName() => IsOneFile
        ? name + ".arrow"
        : string.Create(CultureInfo.InvariantCulture, $"{name}-{_files.Count:00000}.arrow");

    private void EndFile()
    {
        if (_writer is not null)
        {
            _files.Add(_writer.Complete());
            _writer.Dispose();
            _writer = null;
            FileEnded?.Invoke(_files[^1]);
        }
    }

    private void Copy(RowBuffers rows, int start, int count)
    {
        int at = buffers.Rows;
        buffers.Reserve(at + count);
        Copy(rows.Labels, buffers.Labels, start, at, count);
        for (int feature = 0; feature < rows.Dense.Length; feature++)
        {
            Copy(rows.Dense[feature], buffers.Dense[feature], start, at, count);
        }

        for (int table = 0; table < rows.Sparse.Length; table++)
        {
            if (rows.Offsets[table] is not { } offsets)
            {
                Copy(rows.Sparse[table], buffers.Sparse[table], start, at, count);
                continue;
            }

            Span<int> target = buffers.Offsets[table]!.Ints;
            target[0] = 0;
            int from = offsets.Ints[start];
            int items = offsets.Ints[start + count] - from;
            int used = target[at];
            buffers.Sparse[table].Reserve(used + items);
            Copy(rows.Sparse[table], buffers.Sparse[table], from, used, items);
            for (int row = 1; row <= count; row++)
            {
                target[at + row] = used + offsets.Ints[start + row] - from;
            }
        }

        if (rows.Weights is not null)
        {
            Copy(rows.Weights, buffers.Weights!, start, at, count);
        }

        rows.Groups?.Longs.Slice(start, count).CopyTo(buffers.Groups!.Longs[at..]);
        buffers.Rows += count;
    }

    private static void Copy(ColumnBuffer from, ColumnBuffer to, int start, int at, int count) =>
        from.Ints.Slice(start, count).CopyTo(to.Ints[at..]);
}
