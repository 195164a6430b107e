using System.Runtime.InteropServices;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>The Terabyte set's binary form: int32 rows of a label, 13 numbers and 26 categories, little-endian.</summary>
internal sealed class BinaryInput : ReferenceInput
{
    /// <summary>Bytes of a row.</summary>
    public const int RowBytes = CriteoColumns.Count * sizeof(int);

    private readonly FileStream _stream;
    private readonly int[] _rows = new int[4096 * CriteoColumns.Count];

    /// <summary>Opens one.</summary>
    public BinaryInput(string path)
    {
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        RequireWhole(path, _stream.Length);
    }

    /// <inheritdoc/>
    public override long Rows => _stream.Length / RowBytes;

    /// <summary>Refuses a length that is no whole number of rows.</summary>
    public static void RequireWhole(string path, long length)
    {
        if (length == 0 || length % RowBytes != 0)
        {
            throw new BadDataException(path, $"has {length} bytes, which is no whole number of rows of {RowBytes}: make or copy it again.");
        }
    }

    /// <inheritdoc/>
    public override void Read(RowBuffers columns, int count)
    {
        for (int done = 0; done < count;)
        {
            int rows = Math.Min(4096, count - done);
            Span<int> values = _rows.AsSpan(0, rows * CriteoColumns.Count);
            _stream.ReadExactly(MemoryMarshal.AsBytes(values));
            for (int row = 0; row < rows; row++, done++)
            {
                ReadOnlySpan<int> fields = values.Slice(row * CriteoColumns.Count, CriteoColumns.Count);
                columns.Labels.Floats[done] = fields[0];
                for (int number = 0; number < CriteoColumns.Dense; number++)
                {
                    columns.Dense[number].Floats[done] = Dense(fields[1 + number]);
                }

                for (int table = 0; table < CriteoColumns.Categorical; table++)
                {
                    columns.Sparse[table].Ints[done] = fields[1 + CriteoColumns.Dense + table];
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _stream.Dispose();
}
