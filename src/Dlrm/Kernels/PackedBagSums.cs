using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>The bags of one packed table, and the sum of one bag over 1, 4 or 8 registers of columns.</summary>
/// <remarks>
/// Each sum is a method of its own: together in one they exceed what the compiler is willing to inline, and registers
/// would travel through memory.
/// </remarks>
internal unsafe struct PackedBagSums
{
    /// <summary>Rows that are asked for at once.</summary>
    private const int Group = 16;

    /// <summary>(E, bytes of a row).</summary>
    public byte* Table;

    /// <summary>D.</summary>
    public int Dimension;

    /// <summary>Bytes of a row.</summary>
    public int RowBytes;

    /// <summary>Weights; null for sums of rows as they are.</summary>
    public float* Weights;

    /// <summary>(L).</summary>
    public int* WeightIndices;

    /// <summary>(B + 1).</summary>
    public int* Offsets;

    /// <summary>(L).</summary>
    public int* Indices;

    /// <summary>One after the last lookup that may be read ahead.</summary>
    public int End;

    /// <summary>Lookups to ask ahead.</summary>
    public int Ahead;

    /// <summary>One after the last lookup that was asked for.</summary>
    public int Asked;

    /// <summary>The lookup at which to ask again.</summary>
    public int Next;

    /// <summary>(B, D).</summary>
    public float* Output;

    /// <summary>Floats from one row of the output to the next.</summary>
    public long OutputStride;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Sum1<TSimd, TRow>(int sample, int column)
        where TSimd : unmanaged, ISimd<TSimd>
        where TRow : struct, IRowFormat
    {
        TSimd sum0 = TSimd.Zero;
        int end = Offsets[sample + 1];
        for (int lookup = Offsets[sample]; lookup < end; lookup++)
        {
            byte* row = Row<TRow>(lookup, column, out float scale, out float bias);
            TSimd scales = TSimd.Broadcast(scale);
            TSimd biases = TSimd.Broadcast(bias);
            sum0 = TRow.Add(sum0, row, column, scales, biases);
        }

        float* output = Output + (sample * OutputStride) + column;
        TSimd.Store(sum0, output);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Sum4<TSimd, TRow>(int sample, int column)
        where TSimd : unmanaged, ISimd<TSimd>
        where TRow : struct, IRowFormat
    {
        TSimd sum0 = TSimd.Zero;
        TSimd sum1 = TSimd.Zero;
        TSimd sum2 = TSimd.Zero;
        TSimd sum3 = TSimd.Zero;
        int end = Offsets[sample + 1];
        for (int lookup = Offsets[sample]; lookup < end; lookup++)
        {
            byte* row = Row<TRow>(lookup, column, out float scale, out float bias);
            TSimd scales = TSimd.Broadcast(scale);
            TSimd biases = TSimd.Broadcast(bias);
            sum0 = TRow.Add(sum0, row, column, scales, biases);
            sum1 = TRow.Add(sum1, row, column + TSimd.Lanes, scales, biases);
            sum2 = TRow.Add(sum2, row, column + (2 * TSimd.Lanes), scales, biases);
            sum3 = TRow.Add(sum3, row, column + (3 * TSimd.Lanes), scales, biases);
        }

        float* output = Output + (sample * OutputStride) + column;
        TSimd.Store(sum0, output);
        TSimd.Store(sum1, output + TSimd.Lanes);
        TSimd.Store(sum2, output + (2 * TSimd.Lanes));
        TSimd.Store(sum3, output + (3 * TSimd.Lanes));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Sum8<TSimd, TRow>(int sample, int column)
        where TSimd : unmanaged, ISimd<TSimd>
        where TRow : struct, IRowFormat
    {
        TSimd sum0 = TSimd.Zero;
        TSimd sum1 = TSimd.Zero;
        TSimd sum2 = TSimd.Zero;
        TSimd sum3 = TSimd.Zero;
        TSimd sum4 = TSimd.Zero;
        TSimd sum5 = TSimd.Zero;
        TSimd sum6 = TSimd.Zero;
        TSimd sum7 = TSimd.Zero;
        int end = Offsets[sample + 1];
        for (int lookup = Offsets[sample]; lookup < end; lookup++)
        {
            byte* row = Row<TRow>(lookup, column, out float scale, out float bias);
            TSimd scales = TSimd.Broadcast(scale);
            TSimd biases = TSimd.Broadcast(bias);
            sum0 = TRow.Add(sum0, row, column, scales, biases);
            sum1 = TRow.Add(sum1, row, column + TSimd.Lanes, scales, biases);
            sum2 = TRow.Add(sum2, row, column + (2 * TSimd.Lanes), scales, biases);
            sum3 = TRow.Add(sum3, row, column + (3 * TSimd.Lanes), scales, biases);
            sum4 = TRow.Add(sum4, row, column + (4 * TSimd.Lanes), scales, biases);
            sum5 = TRow.Add(sum5, row, column + (5 * TSimd.Lanes), scales, biases);
            sum6 = TRow.Add(sum6, row, column + (6 * TSimd.Lanes), scales, biases);
            sum7 = TRow.Add(sum7, row, column + (7 * TSimd.Lanes), scales, biases);
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

    /// <summary>The looked-up row and its factors; now and then asks for those that come <see cref="Ahead"/> lookups later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Row<TRow>(int lookup, int column, out float scale, out float bias)
        where TRow : struct, IRowFormat
    {
        if (lookup >= Next)
        {
            Ask(lookup);
        }

        byte* row = Table + ((long)Indices[lookup] * RowBytes);
        float weight = Weights == null ? 1 : Weights[WeightIndices[lookup]];
        TRow.Factors(row, Dimension, weight, out scale, out bias);
        return row;
    }

    /// <summary>
    /// Asks for a group of rows at once, in a loop short enough for the processor to have many of them under way. Between
    /// the conversions, of which two or three rows are all it can look ahead, it would have few.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Ask(int lookup)
    {
        int first = Math.Max(Asked, lookup);
        int end = Math.Min(lookup + Ahead + Group, End);
        byte* table = Table;
        int* indices = Indices;
        int bytes = RowBytes;
        for (int ahead = first; ahead < end; ahead++)
        {
            Prefetch.Bytes(table + ((long)indices[ahead] * bytes), bytes);
        }

        if (Weights != null)
        {
            for (int ahead = first; ahead < end; ahead++)
            {
                Prefetch.Row(Weights + WeightIndices[ahead], sizeof(float));
            }
        }

        Asked = Math.Max(first, end);
        Next = lookup + Group;
    }
}
