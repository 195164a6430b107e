using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Numpy;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>The reference's <c>*_processed.npz</c>, of all days or one, or <c>*_reordered.npz</c>: X_int, X_cat, y, perhaps counts.</summary>
internal sealed class NpzInput : ReferenceInput
{
    private readonly int[] _labels;
    private readonly int[] _dense;
    private readonly int[] _sparse;
    private int _next;

    /// <summary>Reads one into memory.</summary>
    public NpzInput(string path)
    {
        using var file = new NpzFile(path);
        if (file.Has("X_cat_t"))
        {
            throw new BadDataException(path, "holds raw hashes (X_cat_t), not yet numbered; the reference's next step writes *_processed.npz. Or read the raw text: dlrm preprocess.");
        }

        _labels = file.Ints("y").Values;
        _dense = Matrix(path, file, "X_int", CriteoColumns.Dense);
        _sparse = Matrix(path, file, "X_cat", CriteoColumns.Categorical);
        TableRows = file.Has("counts") ? file.Ints("counts").Values : null;
        Days = DaysOf(path);
    }

    /// <inheritdoc/>
    public override long Rows => _labels.Length;

    /// <inheritdoc/>
    public override IReadOnlyList<long> Days { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int>? TableRows { get; }

    /// <inheritdoc/>
    public override void Read(RowBuffers columns, int count)
    {
        for (int row = 0; row < count; row++, _next++)
        {
            columns.Labels.Floats[row] = _labels[_next];
            for (int number = 0; number < CriteoColumns.Dense; number++)
            {
                columns.Dense[number].Floats[row] = Dense(_dense[(_next * CriteoColumns.Dense) + number]);
            }

            for (int table = 0; table < CriteoColumns.Categorical; table++)
            {
                columns.Sparse[table].Ints[row] = _sparse[((long)_next * CriteoColumns.Categorical) + table];
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    private int[] Matrix(string path, NpzFile file, string name, int columns)
    {
        NpyArray<int> array = file.Ints(name);
        return array.Shape.Count == 2 && array.Rows == _labels.Length && array.Shape[1] == columns
            ? array.Values
            : throw new BadDataException(path, $"array {name} has the shape ({string.Join(", ", array.Shape)}); expected ({_labels.Length}, {columns}).");
    }

    /// <summary>The days of a file that holds all of them, from *_day_count.npz beside it.</summary>
    private IReadOnlyList<long> DaysOf(string path)
    {
        string[] counts = Directory.GetFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, "*_day_count.npz");
        if (TableRows is null || counts.Length != 1)
        {
            return [Rows];
        }

        using var file = new NpzFile(counts[0]);
        int[] days = file.Ints("total_per_file").Values;
        return days.Sum(day => (long)day) == Rows
            ? [.. days.Select(day => (long)day)]
            : throw new BadDataException(counts[0], $"counts {days.Sum(day => (long)day)} rows, {Path.GetFileName(path)} has {Rows}: they do not belong together.");
    }
}
