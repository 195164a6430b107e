using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>
/// Up to 4 × 4 sums of products, each for a register of samples: sum(r, c) = Σ_s left(r, s) · right(c, s), s ascending.
/// </summary>
/// <remarks>
/// left(r, s) is the register at Left + r · LeftRow + s · LeftStep, right alike. sum(r, c) goes to
/// Output + r · OutputRow + r (r − 1) / 2 · OutputSkew + c · OutputColumn: the skew is for the rows of a triangle, each
/// one longer than the one before. All distances are in floats. acc ← fma(left, right, acc), from 0 or from what stands
/// in the output.
/// </remarks>
internal unsafe struct SampleTile
{
    public float* Left;
    public long LeftRow;
    public long LeftStep;
    public float* Right;
    public long RightRow;
    public long RightStep;
    public float* Output;
    public long OutputRow;
    public long OutputSkew;
    public long OutputColumn;

    /// <summary>Terms of each sum.</summary>
    public int Steps;

    /// <summary>Rows to write, 1 … 4. The others are computed from whatever memory is there.</summary>
    public int Rows;

    /// <summary>True to go on from the output's values, false to start at 0.</summary>
    public bool Accumulate;

    /// <summary>Columns of the largest tile whose accumulators fit the processor's registers.</summary>
    public static int MaximumColumns => Avx512F.VL.IsSupported || AdvSimd.IsSupported ? 4 : 2;

    /// <summary>Computes <paramref name="columns"/> columns, at most <see cref="MaximumColumns"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd>(int columns)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        switch (columns)
        {
            case 1:
                Run<TSimd, OneColumn>();
                break;
            case 2:
                Run<TSimd, TwoColumns>();
                break;
            case 3:
                Run<TSimd, ThreeColumns>();
                break;
            default:
                Run<TSimd, FourColumns>();
                break;
        }
    }

    /// <summary>Computes the sums of a shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TShape>()
        where TSimd : unmanaged, ISimd<TSimd>
        where TShape : struct, ISampleTileShape
    {
        float* left0 = Left;
        float* left1 = left0 + LeftRow;
        float* left2 = left1 + LeftRow;
        float* left3 = left2 + LeftRow;
        float* right0 = Right;
        float* right1 = right0 + RightRow;
        float* right2 = right1 + RightRow;
        float* right3 = right2 + RightRow;
        long leftStep = LeftStep;
        long rightStep = RightStep;
        TSimd sum00 = TSimd.Zero;
        TSimd sum01 = TSimd.Zero;
        TSimd sum02 = TSimd.Zero;
        TSimd sum03 = TSimd.Zero;
        TSimd sum10 = TSimd.Zero;
        TSimd sum11 = TSimd.Zero;
        TSimd sum12 = TSimd.Zero;
        TSimd sum13 = TSimd.Zero;
        TSimd sum20 = TSimd.Zero;
        TSimd sum21 = TSimd.Zero;
        TSimd sum22 = TSimd.Zero;
        TSimd sum23 = TSimd.Zero;
        TSimd sum30 = TSimd.Zero;
        TSimd sum31 = TSimd.Zero;
        TSimd sum32 = TSimd.Zero;
        TSimd sum33 = TSimd.Zero;
        if (Accumulate)
        {
            float* output = Output;
            sum00 = Read<TSimd, TShape>(output, OutputColumn, 0, 0);
            sum01 = Read<TSimd, TShape>(output, OutputColumn, 0, 1);
            sum02 = Read<TSimd, TShape>(output, OutputColumn, 0, 2);
            sum03 = Read<TSimd, TShape>(output, OutputColumn, 0, 3);
            output += OutputRow + (0 * OutputSkew);
            sum10 = Read<TSimd, TShape>(output, OutputColumn, 1, 0);
            sum11 = Read<TSimd, TShape>(output, OutputColumn, 1, 1);
            sum12 = Read<TSimd, TShape>(output, OutputColumn, 1, 2);
            sum13 = Read<TSimd, TShape>(output, OutputColumn, 1, 3);
            output += OutputRow + (1 * OutputSkew);
            sum20 = Read<TSimd, TShape>(output, OutputColumn, 2, 0);
            sum21 = Read<TSimd, TShape>(output, OutputColumn, 2, 1);
            sum22 = Read<TSimd, TShape>(output, OutputColumn, 2, 2);
            sum23 = Read<TSimd, TShape>(output, OutputColumn, 2, 3);
            output += OutputRow + (2 * OutputSkew);
            sum30 = Read<TSimd, TShape>(output, OutputColumn, 3, 0);
            sum31 = Read<TSimd, TShape>(output, OutputColumn, 3, 1);
            sum32 = Read<TSimd, TShape>(output, OutputColumn, 3, 2);
            sum33 = Read<TSimd, TShape>(output, OutputColumn, 3, 3);
        }

        long leftAt = 0;
        long rightAt = 0;
        for (int step = Steps; step > 0; step--)
        {
            TSimd y0 = TSimd.Load(right0 + rightAt);
            TSimd y1 = TShape.Columns > 1 ? TSimd.Load(right1 + rightAt) : y0;
            TSimd y2 = TShape.Columns > 2 ? TSimd.Load(right2 + rightAt) : y0;
            TSimd y3 = TShape.Columns > 3 ? TSimd.Load(right3 + rightAt) : y0;
            TSimd x0 = TSimd.Load(left0 + leftAt);
            sum00 = Add<TSimd, TShape>(x0, y0, sum00, 0, 0);
            sum01 = Add<TSimd, TShape>(x0, y1, sum01, 0, 1);
            sum02 = Add<TSimd, TShape>(x0, y2, sum02, 0, 2);
            sum03 = Add<TSimd, TShape>(x0, y3, sum03, 0, 3);
            TSimd x1 = TSimd.Load(left1 + leftAt);
            sum10 = Add<TSimd, TShape>(x1, y0, sum10, 1, 0);
            sum11 = Add<TSimd, TShape>(x1, y1, sum11, 1, 1);
            sum12 = Add<TSimd, TShape>(x1, y2, sum12, 1, 2);
            sum13 = Add<TSimd, TShape>(x1, y3, sum13, 1, 3);
            TSimd x2 = TSimd.Load(left2 + leftAt);
            sum20 = Add<TSimd, TShape>(x2, y0, sum20, 2, 0);
            sum21 = Add<TSimd, TShape>(x2, y1, sum21, 2, 1);
            sum22 = Add<TSimd, TShape>(x2, y2, sum22, 2, 2);
            sum23 = Add<TSimd, TShape>(x2, y3, sum23, 2, 3);
            TSimd x3 = TSimd.Load(left3 + leftAt);
            sum30 = Add<TSimd, TShape>(x3, y0, sum30, 3, 0);
            sum31 = Add<TSimd, TShape>(x3, y1, sum31, 3, 1);
            sum32 = Add<TSimd, TShape>(x3, y2, sum32, 3, 2);
            sum33 = Add<TSimd, TShape>(x3, y3, sum33, 3, 3);
            leftAt += leftStep;
            rightAt += rightStep;
        }

        float* row = Output;
        Write<TSimd, TShape>(sum00, sum01, sum02, sum03, row, OutputColumn, 0);
        if (Rows == 1)
        {
            return;
        }

        row += OutputRow + (0 * OutputSkew);
        Write<TSimd, TShape>(sum10, sum11, sum12, sum13, row, OutputColumn, 1);
        if (Rows == 2)
        {
            return;
        }

        row += OutputRow + (1 * OutputSkew);
        Write<TSimd, TShape>(sum20, sum21, sum22, sum23, row, OutputColumn, 2);
        if (Rows == 3)
        {
            return;
        }

        row += OutputRow + (2 * OutputSkew);
        Write<TSimd, TShape>(sum30, sum31, sum32, sum33, row, OutputColumn, 3);
    }

    /// <summary>The value of an accumulator to go on from, if the shape has it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Read<TSimd, TShape>(float* row, long column, int r, int c)
        where TSimd : unmanaged, ISimd<TSimd>
        where TShape : struct, ISampleTileShape
        => TShape.Has(r, c) ? TSimd.Load(row + (c * column)) : TSimd.Zero;

    /// <summary>acc + x · y, if the shape has this sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd Add<TSimd, TShape>(TSimd x, TSimd y, TSimd sum, int r, int c)
        where TSimd : unmanaged, ISimd<TSimd>
        where TShape : struct, ISampleTileShape
        => TShape.Has(r, c) ? TSimd.Fma(x, y, sum) : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<TSimd, TShape>(TSimd sum0, TSimd sum1, TSimd sum2, TSimd sum3, float* row, long column, int r)
        where TSimd : unmanaged, ISimd<TSimd>
        where TShape : struct, ISampleTileShape
    {
        if (TShape.Has(r, 0))
        {
            TSimd.Store(sum0, row);
        }

        if (TShape.Has(r, 1))
        {
            TSimd.Store(sum1, row + column);
        }

        if (TShape.Has(r, 2))
        {
            TSimd.Store(sum2, row + (2 * column));
        }

        if (TShape.Has(r, 3))
        {
            TSimd.Store(sum3, row + (3 * column));
        }
    }
}
