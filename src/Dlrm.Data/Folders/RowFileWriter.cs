using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace Dlrm.Data.Folders;

/// <summary>Writes a file of rows: Apache Arrow's IPC file format, not compressed, so that it can be read in place.</summary>
/// <remarks>
/// Columns in order: <c>label</c> float32, the dense features float32, the categorical features int32 or list of int32,
/// then, where there are, <c>weight</c> float32 and <c>group</c> int64. No value is null. A file stays below 2³¹ bytes.
/// </remarks>
internal sealed class RowFileWriter : IDisposable
{
    private readonly HashingWriteStream _stream;
    private readonly ArrowFileWriter _writer;
    private readonly Schema _schema;
    private readonly string _name;
    private long _rows;
    private bool _completed;

    /// <summary>Starts a file.</summary>
    /// <param name="path">A new file.</param>
    /// <param name="schema">From <see cref="MakeSchema"/>.</param>
    public RowFileWriter(string path, Schema schema)
    {
        _name = Path.GetFileName(path);
        _schema = schema;
        _stream = new HashingWriteStream(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16));
        _writer = new ArrowFileWriter(_stream, schema, leaveOpen: true);
    }

    /// <summary>Bytes written so far.</summary>
    public long Bytes => _stream.Position;

    /// <summary>The columns of a data set's row files.</summary>
    public static Schema MakeSchema(
        IEnumerable<string> dense, IEnumerable<(string Name, bool IsBag)> sparse, bool weighted, bool grouped)
    {
        var fields = new List<Field> { new("label", FloatType.Default, nullable: false) };
        fields.AddRange(dense.Select(name => new Field(name, FloatType.Default, nullable: false)));
        fields.AddRange(sparse.Select(feature => new Field(
            feature.Name,
            feature.IsBag ? new ListType(new Field("item", Int32Type.Default, nullable: false)) : Int32Type.Default,
            nullable: false)));
        if (weighted)
        {
            fields.Add(new Field("weight", FloatType.Default, nullable: false));
        }

        if (grouped)
        {
            fields.Add(new Field("group", Int64Type.Default, nullable: false));
        }

        return new Schema(fields, null);
    }

    /// <summary>Adds rows as one record batch; their memory is free again afterwards.</summary>
    public void Append(RowBuffers rows)
    {
        int count = rows.Rows;
        var arrays = new List<IArrowArray>(_schema.FieldsList.Count) { Float(rows.Labels, count) };
        arrays.AddRange(rows.Dense.Select(column => Float(column, count)));
        for (int table = 0; table < rows.Sparse.Length; table++)
        {
            if (rows.Offsets[table] is not { } offsets)
            {
                arrays.Add(Int(rows.Sparse[table], count));
                continue;
            }

            arrays.Add(new ListArray(
                _schema.FieldsList[1 + rows.Dense.Length + table].DataType, count,
                new ArrowBuffer(offsets.Memory((count + 1) * sizeof(int))),
                Int(rows.Sparse[table], offsets.Ints[count]), ArrowBuffer.Empty));
        }

        if (rows.Weights is { } weights)
        {
            arrays.Add(Float(weights, count));
        }

        if (rows.Groups is { } groups)
        {
            arrays.Add(new Int64Array(new ArrowBuffer(groups.Memory(count * sizeof(long))), ArrowBuffer.Empty, count, 0, 0));
        }

        _writer.WriteRecordBatch(new RecordBatch(_schema, arrays, count));
        _rows += count;
    }

    /// <summary>Ends the file and brings it to the disk.</summary>
    public RowFileEntry Complete()
    {
        if (_rows == 0)
        {
            _writer.WriteStart();
        }

        _writer.WriteEnd();
        _completed = true;
        _stream.FlushToDisk();
        return new RowFileEntry(_name, _rows, _stream.Position, _stream.Hash.ToString("x16", CultureInfo.InvariantCulture));
    }

    /// <summary>Closes the file, whole or not.</summary>
    public void Dispose()
    {
        if (_completed)
        {
            _writer.Dispose();
        }

        _stream.Dispose();
    }

    private static FloatArray Float(ColumnBuffer column, int count) =>
        new(new ArrowBuffer(column.Memory(count * sizeof(float))), ArrowBuffer.Empty, count, 0, 0);

    private static Int32Array Int(ColumnBuffer column, int count) =>
        new(new ArrowBuffer(column.Memory(count * sizeof(int))), ArrowBuffer.Empty, count, 0, 0);
}
