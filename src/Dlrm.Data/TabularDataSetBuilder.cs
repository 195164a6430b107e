using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Data;

/// <summary>Collects rows, any number at a time, and makes a <see cref="TabularDataSet"/> of them.</summary>
public sealed class TabularDataSetBuilder : IDisposable
{
    private readonly List<NativeBuffer<int>> _chunks = [];
    private readonly int _denseFeatures;
    private readonly int[] _largest;
    private bool _built;

    /// <summary>A builder without rows.</summary>
    /// <param name="denseFeatures">M, 1 or more.</param>
    /// <param name="tables">T, 1 or more.</param>
    public TabularDataSetBuilder(int denseFeatures, int tables)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(denseFeatures, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tables, 1);
        _denseFeatures = denseFeatures;
        _largest = new int[tables];
    }

    /// <summary>Rows so far.</summary>
    public int Rows { get; private set; }

    private int Stride => 1 + _denseFeatures + _largest.Length;

    /// <summary>Adds rows.</summary>
    /// <param name="labels">(N), each in [0, 1].</param>
    /// <param name="dense">(N, M) row-major, finite.</param>
    /// <param name="indices">(N, T) row-major, 0 or more.</param>
    /// <exception cref="ArgumentException">Lengths do not fit, or a value lies outside; the message says where.</exception>
    public void Append(ReadOnlySpan<float> labels, ReadOnlySpan<float> dense, ReadOnlySpan<int> indices)
    {
        ObjectDisposedException.ThrowIf(_built, this);
        int tables = _largest.Length;
        if (dense.Length != (long)labels.Length * _denseFeatures || indices.Length != (long)labels.Length * tables)
        {
            throw new ArgumentException(
                $"{labels.Length} labels go with {(long)labels.Length * _denseFeatures} dense values and "
                + $"{(long)labels.Length * tables} indices; got {dense.Length} and {indices.Length}.", nameof(labels));
        }

        Check(labels, dense, indices);
        int first = Reserve(labels.Length);
        for (int row = 0; row < labels.Length; row++)
        {
            Span<int> target = Row(first + row);
            target[0] = BitConverter.SingleToInt32Bits(labels[row]);
            MemoryMarshal.Cast<float, int>(dense.Slice(row * _denseFeatures, _denseFeatures)).CopyTo(target[1..]);
            indices.Slice(row * tables, tables).CopyTo(target[(1 + _denseFeatures)..]);
        }
    }

    /// <summary>Makes the data set. The builder is empty and closed afterwards.</summary>
    /// <param name="tableRows">(T): rows of each table.</param>
    /// <returns>A data set that the caller disposes of.</returns>
    /// <exception cref="ArgumentException">A table has fewer rows than an index needs; the message says which.</exception>
    public TabularDataSet Build(IReadOnlyList<int> tableRows)
    {
        ObjectDisposedException.ThrowIf(_built, this);
        if (tableRows.Count != _largest.Length)
        {
            throw new ArgumentException($"{_largest.Length} tables, sizes of {tableRows.Count}.", nameof(tableRows));
        }

        for (int table = 0; table < _largest.Length; table++)
        {
            if (_largest[table] >= tableRows[table])
            {
                throw new ArgumentException(
                    $"Table {table} has {tableRows[table]} rows, but a sample looks up row {_largest[table]}.", nameof(tableRows));
            }
        }

        _built = true;
        return new TabularDataSet(Rows, _denseFeatures, [.. tableRows], [.. _chunks]);
    }

    /// <summary>Gives the memory back if no data set was made.</summary>
    public void Dispose()
    {
        if (!_built)
        {
            _built = true;
            foreach (NativeBuffer<int> chunk in _chunks)
            {
                chunk.Dispose();
            }
        }
    }

    /// <summary>Adds rows of zeros, to be written with <see cref="Row"/>, by several threads if need be.</summary>
    /// <returns>The first of them.</returns>
    internal int Reserve(int rows)
    {
        ObjectDisposedException.ThrowIf(_built, this);
        if (Rows > int.MaxValue - rows)
        {
            throw new ArgumentException($"A data set in memory holds at most {int.MaxValue} rows.", nameof(rows));
        }

        int first = Rows;
        Rows += rows;
        while ((long)_chunks.Count << TabularDataSet.ChunkShift < Rows)
        {
            _chunks.Add(new NativeBuffer<int>((long)TabularDataSet.ChunkRows * Stride));
        }

        return first;
    }

    /// <summary>A row as it will lie in memory: label and dense features as bits of float32, then the indices.</summary>
    internal Span<int> Row(int row) =>
        _chunks[row >> TabularDataSet.ChunkShift].Slice((long)(row & (TabularDataSet.ChunkRows - 1)) * Stride, Stride);

    private void Check(ReadOnlySpan<float> labels, ReadOnlySpan<float> dense, ReadOnlySpan<int> indices)
    {
        for (int value = 0; value < dense.Length; value++)
        {
            if (!float.IsFinite(dense[value]))
            {
                throw new ArgumentException(
                    $"Row {Rows + (value / _denseFeatures)}, dense feature {value % _denseFeatures}: {dense[value]} is not finite.",
                    nameof(dense));
            }
        }

        int[] largest = _largest;
        for (int row = 0; row < labels.Length; row++)
        {
            if (!(labels[row] >= 0 && labels[row] <= 1))
            {
                throw new ArgumentException($"Row {Rows + row}: label {labels[row]} lies outside [0, 1].", nameof(labels));
            }

            for (int table = 0; table < largest.Length; table++)
            {
                int index = indices[(row * largest.Length) + table];
                if (index < 0)
                {
                    throw new ArgumentException($"Row {Rows + row}, table {table}: index {index} is negative.", nameof(indices));
                }

                largest[table] = Math.Max(largest[table], index);
            }
        }
    }
}
