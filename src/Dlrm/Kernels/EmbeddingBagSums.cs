using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>The bags of one table, and the sum of one bag over 1, 2, 4 or 8 registers of columns.</summary>
/// <remarks>
/// Each sum takes a sample, the first column, and the bytes of a row to ask for ahead (0 for none), which is a constant
/// in the callers that matter.
/// </remarks>
internal unsafe struct EmbeddingBagSums
{
    /// <summary>(E, D).</summary>
    public float* Table;

    /// <summary>D.</summary>
    public int Dimension;

    /// <summary>(B + 1).</summary>
    public int* Offsets;

    /// <summary>(L).</summary>
    public int* Indices;

    /// <summary>The last lookup that may be read ahead.</summary>
    public int* Last;

    /// <summary>Lookups to ask ahead.</summary>
    public int Ahead;

    /// <summary>(B, D).</summary>
    public float* Output;

    /// <summary>Floats from one row of the output to the next.</summary>
    public long OutputStride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Sum1<TSimd>(int sample, int column, int bytes)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int* index = Indices + Offsets[sample];
        int* end = Indices + Offsets[sample + 1];
        TSimd sum = TSimd.Zero;
        if (index < end)
        {
            sum = TSimd.Load(Row(index, column, bytes));
            while (++index < end)
            {
                sum += TSimd.Load(Row(index, column, bytes));
            }
        }

        TSimd.Store(sum, Output + (sample * OutputStride) + column);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Sum2<TSimd>(int sample, int column, int bytes)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int* index = Indices + Offsets[sample];
        int* end = Indices + Offsets[sample + 1];
        TSimd sum0 = TSimd.Zero;
        TSimd sum1 = TSimd.Zero;
        if (index < end)
        {
            float* row = Row(index, column, bytes);
            sum0 = TSimd.Load(row);
            sum1 = TSimd.Load(row + TSimd.Lanes);
            while (++index < end)
            {
                row = Row(index, column, bytes);
                sum0 += TSimd.Load(row);
                sum1 += TSimd.Load(row + TSimd.Lanes);
            }
        }

        float* output = Output + (sample * OutputStride) + column;
        TSimd.Store(sum0, output);
        TSimd.Store(sum1, output + TSimd.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Sum4<TSimd>(int sample, int column, int bytes)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int* index = Indices + Offsets[sample];
        int* end = Indices + Offsets[sample + 1];
        TSimd sum0 = TSimd.Zero;
        TSimd sum1 = TSimd.Zero;
        TSimd sum2 = TSimd.Zero;
        TSimd sum3 = TSimd.Zero;
        if (index < end)
        {
            float* row = Row(index, column, bytes);
            sum0 = TSimd.Load(row);
            sum1 = TSimd.Load(row + TSimd.Lanes);
            sum2 = TSimd.Load(row + (2 * TSimd.Lanes));
            sum3 = TSimd.Load(row + (3 * TSimd.Lanes));
            while (++index < end)
            {
                row = Row(index, column, bytes);
                sum0 += TSimd.Load(row);
                sum1 += TSimd.Load(row + TSimd.Lanes);
                sum2 += TSimd.Load(row + (2 * TSimd.Lanes));
                sum3 += TSimd.Load(row + (3 * TSimd.Lanes));
            }
        }

        float* output = Output + (sample * OutputStride) + column;
        TSimd.Store(sum0, output);
        TSimd.Store(sum1, output + TSimd.Lanes);
        TSimd.Store(sum2, output + (2 * TSimd.Lanes));
        TSimd.Store(sum3, output + (3 * TSimd.Lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Sum8<TSimd>(int sample, int column, int bytes)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        int* index = Indices + Offsets[sample];
        int* end = Indices + Offsets[sample + 1];
        TSimd sum0 = TSimd.Zero;
        TSimd sum1 = TSimd.Zero;
        TSimd sum2 = TSimd.Zero;
        TSimd sum3 = TSimd.Zero;
        TSimd sum4 = TSimd.Zero;
        TSimd sum5 = TSimd.Zero;
        TSimd sum6 = TSimd.Zero;
        TSimd sum7 = TSimd.Zero;
        if (index < end)
        {
            float* row = Row(index, column, bytes);
            sum0 = TSimd.Load(row);
            sum1 = TSimd.Load(row + TSimd.Lanes);
            sum2 = TSimd.Load(row + (2 * TSimd.Lanes));
            sum3 = TSimd.Load(row + (3 * TSimd.Lanes));
            sum4 = TSimd.Load(row + (4 * TSimd.Lanes));
            sum5 = TSimd.Load(row + (5 * TSimd.Lanes));
            sum6 = TSimd.Load(row + (6 * TSimd.Lanes));
            sum7 = TSimd.Load(row + (7 * TSimd.Lanes));
            while (++index < end)
            {
                row = Row(index, column, bytes);
                sum0 += TSimd.Load(row);
                sum1 += TSimd.Load(row + TSimd.Lanes);
                sum2 += TSimd.Load(row + (2 * TSimd.Lanes));
                sum3 += TSimd.Load(row + (3 * TSimd.Lanes));
                sum4 += TSimd.Load(row + (4 * TSimd.Lanes));
                sum5 += TSimd.Load(row + (5 * TSimd.Lanes));
                sum6 += TSimd.Load(row + (6 * TSimd.Lanes));
                sum7 += TSimd.Load(row + (7 * TSimd.Lanes));
            }
        }

        float* output = Output + (sample * OutputStride) + column;
        TSimd.Store(sum0, output);
        TSimd.Store(sum1, output + TSimd.Lanes);
        TSimd.Store(sum2, output + (2 * TSimd.Lanes));
        TSimd.Store(sum3, output + (3 * TSimd.Lanes));
        TSimd.Store(sum4, output + (4 * TSimd.Lanes));
        TSimd.Store(sum5, output + (5 * TSimd.Lanes));
        TSimd.Store(sum6, output + (6 * TSimd.Lanes));
        TSimd.Store(sum7, output + (7 * TSimd.Lanes));
    }

    /// <summary>The looked-up row from a column on; asks for the one that comes <see cref="Ahead"/> lookups later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly float* Row(int* index, int column, int bytes)
    {
        if (bytes > 0)
        {
            int* ahead = index + Ahead;
            ahead = ahead < Last ? ahead : Last;
            Prefetch.Row(Table + ((long)*ahead * Dimension), bytes);
        }

        return Table + ((long)*index * Dimension) + column;
    }
}
