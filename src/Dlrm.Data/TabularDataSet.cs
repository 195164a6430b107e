using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Data;

/// <summary>
/// Rows of numbers in native memory: a label, M dense features and one index for each of T tables a row.
/// </summary>
/// <remarks>
/// A row lies in one piece, <c>[label, M dense, T indices]</c> of four bytes each, so that fetching one at random touches
/// few cache lines. Make one with <see cref="FromArrays"/>, or row by row with <see cref="TabularDataSetBuilder"/>;
/// feed a model from it with <see cref="InMemoryBatchSource"/>.
/// </remarks>
public sealed class TabularDataSet : IDisposable
{
    internal const int ChunkShift = 14;
    internal const int ChunkRows = 1 << ChunkShift;

    private readonly List<NativeBuffer<int>> _chunks;
    private readonly int[] _tableRows;

    internal TabularDataSet(int rows, int denseFeatures, int[] tableRows, List<NativeBuffer<int>> chunks)
    {
        Rows = rows;
        DenseFeatures = denseFeatures;
        _tableRows = tableRows;
        _chunks = chunks;
    }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>M: dense features.</summary>
    public int DenseFeatures { get; }

    /// <summary>T: tables, each looked up once a row.</summary>
    public int Tables => _tableRows.Length;

    /// <summary>Rows that each table needs: every index lies below.</summary>
    public IReadOnlyList<int> TableRows => _tableRows;

    /// <summary>Numbers a row takes: 1 + M + T.</summary>
    internal int Stride => 1 + DenseFeatures + Tables;

    /// <summary>Copies arrays into a data set.</summary>
    /// <param name="labels">(N), each in [0, 1].</param>
    /// <param name="dense">(N, M) row-major.</param>
    /// <param name="indices">(N, T) row-major.</param>
    /// <param name="tableRows">(T): rows of each table; its indices lie in 0 … rows − 1.</param>
    /// <returns>A data set that the caller disposes of.</returns>
    /// <exception cref="ArgumentException">Lengths do not fit, or an index or a label lies outside; the message says where.</exception>
    public static TabularDataSet FromArrays(
        ReadOnlySpan<float> labels, ReadOnlySpan<float> dense, ReadOnlySpan<int> indices, IReadOnlyList<int> tableRows)
    {
        if (labels.IsEmpty || dense.Length % labels.Length != 0)
        {
            throw new ArgumentException(
                $"{dense.Length} dense values are no whole number of features for {labels.Length} labels.", nameof(dense));
        }

        using var builder = new TabularDataSetBuilder(dense.Length / labels.Length, tableRows.Count);
        builder.Append(labels, dense, indices);
        return builder.Build(tableRows);
    }

    /// <summary>The label of a row.</summary>
    /// <param name="row">0 … <see cref="Rows"/> − 1.</param>
    public float Label(int row) => MemoryMarshal.Cast<int, float>(Row(row))[0];

    /// <summary>The dense features of a row, (M).</summary>
    /// <param name="row">0 … <see cref="Rows"/> − 1.</param>
    public ReadOnlySpan<float> Dense(int row) => MemoryMarshal.Cast<int, float>(Row(row).Slice(1, DenseFeatures));

    /// <summary>The indices of a row, (T).</summary>
    /// <param name="row">0 … <see cref="Rows"/> − 1.</param>
    public ReadOnlySpan<int> Indices(int row) => Row(row)[(1 + DenseFeatures)..];

    /// <summary>Mean label of a range of rows, summed in row order.</summary>
    /// <param name="start">First row.</param>
    /// <param name="count">Rows, 1 or more.</param>
    public double LabelRate(int start, int count)
    {
        double sum = 0;
        for (int row = start; row < start + count; row++)
        {
            sum += Label(row);
        }

        return sum / count;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (NativeBuffer<int> chunk in _chunks)
        {
            chunk.Dispose();
        }
    }

    /// <summary>A dense feature of a row, to be changed in place.</summary>
    internal ref float Dense(int row, int feature) => ref MemoryMarshal.Cast<int, float>(Cell(row, 1 + feature))[0];

    /// <summary>The index of a row in a table, to be changed in place.</summary>
    internal ref int Index(int row, int table) => ref Cell(row, 1 + DenseFeatures + table)[0];

    /// <summary>The same rows with other numbers of table rows, after their indices were changed; takes the memory over.</summary>
    internal TabularDataSet WithTables(int[] tableRows) => new(Rows, DenseFeatures, tableRows, _chunks);

    private Span<int> Cell(int row, int column)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return _chunks[row >> ChunkShift].Slice(((long)(row & (ChunkRows - 1)) * Stride) + column, 1);
    }

    /// <summary>A row as it lies in memory.</summary>
    internal ReadOnlySpan<int> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return _chunks[row >> ChunkShift].Slice((long)(row & (ChunkRows - 1)) * Stride, Stride);
    }
}
