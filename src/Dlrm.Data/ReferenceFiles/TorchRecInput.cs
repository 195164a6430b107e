using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Numpy;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>
/// TorchRec's day: <c>day_N_labels.npy</c>, <c>day_N_dense.npy</c> (float32, logarithms already), and
/// <c>day_N_sparse_multi_hot.npz</c> with arrays 0 … 25 of (rows, lookups), or <c>day_N_sparse.npy</c>.
/// </summary>
internal sealed class TorchRecInput : ReferenceInput
{
    private const string Ending = "_labels.npy";
    private readonly int[] _labels;
    private readonly float[] _dense;
    private readonly int[][] _sparse = new int[CriteoColumns.Categorical][];
    private int _next;

    /// <summary>Reads one into memory.</summary>
    public TorchRecInput(string path)
    {
        if (!path.EndsWith(Ending, StringComparison.Ordinal))
        {
            throw new BadDataException(path, "name the labels of TorchRec's days (day_N_labels.npy); the other files are found beside them.");
        }

        string day = path[..^Ending.Length];
        _labels = Read(path, NpyArray.ReadInts).Values;
        NpyArray<float> dense = Read(day + "_dense.npy", NpyArray.ReadFloats);
        _dense = dense.Values;
        RequireShape(day + "_dense.npy", dense.Shape, CriteoColumns.Dense);
        string multiHot = day + "_sparse_multi_hot.npz";
        if (File.Exists(multiHot))
        {
            using var file = new NpzFile(multiHot);
            for (int table = 0; table < _sparse.Length; table++)
            {
                NpyArray<int> values = file.Ints(table.ToString(System.Globalization.CultureInfo.InvariantCulture));
                RequireShape(multiHot, values.Shape, values.Columns);
                _sparse[table] = values.Values;
            }
        }
        else
        {
            NpyArray<int> sparse = Read(day + "_sparse.npy", NpyArray.ReadInts);
            RequireShape(day + "_sparse.npy", sparse.Shape, CriteoColumns.Categorical);
            for (int table = 0; table < _sparse.Length; table++)
            {
                int column = table;
                _sparse[table] = [.. Enumerable.Range(0, _labels.Length).Select(row => sparse.Values[((long)row * CriteoColumns.Categorical) + column])];
            }
        }

        Hot = [.. _sparse.Select(values => values.Length / _labels.Length)];
    }

    /// <inheritdoc/>
    public override long Rows => _labels.Length;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Hot { get; }

    /// <inheritdoc/>
    public override void Read(RowBuffers columns, int count)
    {
        for (int row = 0; row < count; row++)
        {
            columns.Labels.Floats[row] = _labels[_next + row];
            for (int number = 0; number < CriteoColumns.Dense; number++)
            {
                columns.Dense[number].Floats[row] = _dense[((_next + row) * CriteoColumns.Dense) + number];
            }
        }

        for (int table = 0; table < _sparse.Length; table++)
        {
            int hot = Hot[table];
            columns.Sparse[table].Reserve(count * hot);
            _sparse[table].AsSpan(_next * hot, count * hot).CopyTo(columns.Sparse[table].Ints);
            if (columns.Offsets[table] is { } offsets)
            {
                for (int row = 0; row <= count; row++)
                {
                    offsets.Ints[row] = row * hot;
                }
            }
        }

        _next += count;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    private static NpyArray<T> Read<T>(string path, Func<Stream, string, NpyArray<T>> read)
    {
        using FileStream stream = File.OpenRead(path);
        return read(stream, path);
    }

    private void RequireShape(string path, IReadOnlyList<long> shape, int columns)
    {
        if (shape.Count != 2 || shape[0] != _labels.Length || shape[1] != columns)
        {
            throw new BadDataException(path, $"has an array of the shape ({string.Join(", ", shape)}); expected ({_labels.Length}, {columns}).");
        }
    }
}
