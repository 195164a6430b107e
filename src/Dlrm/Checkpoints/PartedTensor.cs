using Dlrm.Layers;

namespace Dlrm.Checkpoints;

/// <summary>A tensor whose parts are in the files of ranks, read by rows as if it were whole.</summary>
/// <param name="name">Its name.</param>
/// <param name="type">Its element type.</param>
internal sealed class PartedTensor(string name, TensorType type)
{
    private readonly List<(TensorPart Part, SafetensorsReader Reader, TensorInfo Tensor)> _parts = [];

    /// <summary>The first part's geometry, which says that of the whole.</summary>
    public TensorPart First => _parts[0].Part;

    /// <summary>The whole tensor as a header would say it; it stands at no place.</summary>
    public TensorInfo Info => new(name, type, First.Shape, -1, RowBytes * First.Region.Rows);

    /// <summary>Bytes of a row of the whole.</summary>
    public long RowBytes => (long)First.Region.Columns * type.Size();

    /// <summary>Adds a part.</summary>
    /// <param name="part">Which.</param>
    /// <param name="reader">Its file.</param>
    /// <param name="tensor">The part in the file.</param>
    /// <exception cref="InvalidDataException">It is of another tensor.</exception>
    public void Add(TensorPart part, SafetensorsReader reader, TensorInfo tensor)
    {
        bool fits = tensor.Type == type && tensor.Bytes == part.Elements * type.Size()
            && (_parts.Count == 0 || (part.Shape.SequenceEqual(First.Shape) && part.Dimensions == First.Dimensions));
        if (!fits)
        {
            throw new InvalidDataException($"{reader.Path}: tensor '{tensor.Name}', {tensor.Kind}, is no part of '{name}' as other files have it.");
        }

        _parts.Add((part, reader, tensor));
    }

    /// <summary>Checks that the parts are the whole.</summary>
    /// <param name="folder">For the message.</param>
    /// <exception cref="InvalidDataException">One is missing, or they overlap.</exception>
    public void RequireWhole(string folder)
    {
        long elements = _parts.Sum(entry => entry.Part.Elements);
        bool overlap = _parts.Select(entry => (entry.Part.Region.FirstRow, entry.Part.Region.FirstColumn)).Distinct().Count() != _parts.Count;
        if (overlap || elements != (long)First.Region.Rows * First.Region.Columns)
        {
            throw new InvalidDataException(
                $"{folder}: the {_parts.Count} parts of tensor '{name}' have {elements} elements; the whole has "
                + $"{(long)First.Region.Rows * First.Region.Columns}: the file of a rank is missing, or one is there twice.");
        }
    }

    /// <summary>Reads whole rows.</summary>
    /// <param name="firstRow">The first.</param>
    /// <param name="rows">As many rows' bytes as fit, out.</param>
    public void Read(long firstRow, Span<byte> rows)
    {
        int count = (int)(rows.Length / RowBytes);
        foreach ((TensorPart part, SafetensorsReader reader, TensorInfo tensor) in _parts)
        {
            ReadPart(part.Region, reader, tensor, (int)firstRow, count, rows);
        }
    }

    private void ReadPart(ShardRegion region, SafetensorsReader reader, TensorInfo tensor, int firstRow, int count, Span<byte> rows)
    {
        int partBytes = region.ColumnCount * type.Size();
        int first = region.FirstColumn * type.Size();
        if (region.Hash is not null)
        {
            for (int row = 0; row < count; row++)
            {
                int local = region.LocalRow(firstRow + row);
                if (local >= 0)
                {
                    reader.ReadAt(tensor, (long)local * partBytes, rows.Slice((row * (int)RowBytes) + first, partBytes));
                }
            }

            return;
        }

        int start = Math.Max(firstRow, region.FirstRow);
        int end = Math.Min(firstRow + count, region.FirstRow + region.RowCount);
        if (start >= end)
        {
            return;
        }

        long offset = (long)(start - region.FirstRow) * partBytes;
        if (partBytes == RowBytes)
        {
            reader.ReadAt(tensor, offset, rows.Slice((start - firstRow) * partBytes, (end - start) * partBytes));
            return;
        }

        byte[] piece = new byte[(end - start) * partBytes];
        reader.ReadAt(tensor, offset, piece);
        for (int row = start; row < end; row++)
        {
            piece.AsSpan((row - start) * partBytes, partBytes).CopyTo(rows[(((row - firstRow) * (int)RowBytes) + first)..]);
        }
    }

    /// <summary>The bytes of the whole, from the first on.</summary>
    public Stream Open() => new RowStream(this);

    private sealed class RowStream(PartedTensor tensor) : Stream
    {
        private readonly byte[] _rows = new byte[Math.Max(1, (1 << 20) / tensor.RowBytes) * tensor.RowBytes];
        private int _row;
        private int _start;
        private int _end;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => tensor.Info.Bytes;

        public override long Position
        {
            get => (_row * tensor.RowBytes) - (_end - _start);
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            if (_start == _end)
            {
                int count = (int)Math.Min(_rows.Length / tensor.RowBytes, tensor.First.Region.Rows - _row);
                (_start, _end) = (0, (int)(count * tensor.RowBytes));
                tensor.Read(_row, _rows.AsSpan(0, _end));
                _row += count;
            }

            int read = Math.Min(buffer.Length, _end - _start);
            _rows.AsSpan(_start, read).CopyTo(buffer);
            _start += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
