using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>exp, log and the sigmoid of one register: our own, so that every machine computes the same bits.</summary>
/// <remarks>
/// Polynomials are minimax fits (relative error) made for this file, coefficients rounded to float, evaluated by
/// Horner's rule with fused multiply-add. The bounds hold for every float (all 2³² were compared with double precision).
/// </remarks>
internal static class ElementwiseFunctions
{
    private const float Infinity = float.PositiveInfinity;
    private const float Log2E = 1.44269504f;

    /// <summary>ln 2 in two parts; the first has 16 bits, so its product with an exponent is exact.</summary>
    private const float Ln2High = 0.693145751953125f;

    private const float Ln2Low = 1.42860677e-6f;
    private const float Ln2 = 0.693147181f;

    /// <summary>1.5 · 2²³: adding it rounds a small float to an integer, which then stands in the low bits.</summary>
    private const float RoundingShift = 12582912f;

    /// <summary>e^x, within 1 ulp; 0 below −103.98, ∞ above 88.72, denormals in between are right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Exp<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        // Bounds beyond which nothing changes, so that infinities stay out of the arithmetic; NaN passes both.
        x = TSimd.Max(TSimd.Broadcast(-104f), x);
        x = TSimd.Min(TSimd.Broadcast(89f), x);

        // x = n ln 2 + r, |r| ≤ ½ ln 2.
        TSimd shifted = TSimd.Fma(x, TSimd.Broadcast(Log2E), TSimd.Broadcast(RoundingShift));
        TSimd n = shifted - TSimd.Broadcast(RoundingShift);
        TSimd high = TSimd.Fma(n, TSimd.Broadcast(-Ln2High), x); // exact
        TSimd r = TSimd.Fma(n, TSimd.Broadcast(-Ln2Low), high);

        // e^r = 1 + r + r² p(r), polynomial error 2^−28.2.
        TSimd p = TSimd.Broadcast(0.00138403988f);
        p = TSimd.Fma(p, r, TSimd.Broadcast(0.00836934894f));
        p = TSimd.Fma(p, r, TSimd.Broadcast(0.0416680835f));
        p = TSimd.Fma(p, r, TSimd.Broadcast(0.166665152f));
        p = TSimd.Fma(p, r, TSimd.Broadcast(0.49999994f));

        // What 1 + high rounds away joins the small terms, so that nearly all the error is the last addition's.
        TSimd sum = TSimd.Broadcast(1f) + high;
        TSimd lost = high - (sum - TSimd.Broadcast(1f));
        TSimd y = sum + TSimd.Fma(p, r * r, TSimd.Fma(n, TSimd.Broadcast(-Ln2Low), lost));

        // 2^n in two factors: the first product is exact, the second rounds once, to a denormal or ∞ where it must.
        TSimd integer = TSimd.SubtractBits(shifted, TSimd.Broadcast(RoundingShift));
        TSimd half = TSimd.ShiftRightBits(integer, 1);
        TSimd rest = TSimd.SubtractBits(integer, half);
        return y * PowerOfTwo(half) * PowerOfTwo(rest);
    }

    /// <summary>ln x, within 1 ulp; −∞ at 0, NaN below, denormals are right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Log<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        // Denormals are scaled by 2²³ first.
        TSimd denormal = TSimd.LessThan(x, TSimd.Broadcast(1.17549435e-38f));
        TSimd normal = TSimd.Select(denormal, x * TSimd.Broadcast(8388608f), x);

        // normal = 2^n · m, ⅔ ≤ m < 4/3, so that m − 1 is exact and x near 1 has n = 0.
        TSimd distance = TSimd.SubtractBits(normal, TSimd.Broadcast(2f / 3f));
        TSimd n = TSimd.ConvertBits(TSimd.ShiftRightBits(distance, 23));
        n -= denormal & TSimd.Broadcast(23f);
        TSimd m = TSimd.SubtractBits(normal, distance & TSimd.BroadcastBits(unchecked((int)0xFF800000)));
        TSimd f = m - TSimd.Broadcast(1f);

        // ln(1 + f) = f + f² p(f), polynomial error 2^−27.4.
        TSimd p = TSimd.Broadcast(-0.12452963f);
        p = TSimd.Fma(p, f, TSimd.Broadcast(0.140737772f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(-0.122778922f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(0.139879063f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(-0.166743055f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(0.200114995f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(-0.24999921f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(0.333331972f));
        p = TSimd.Fma(p, f, TSimd.Broadcast(-0.5f));
        TSimd y = TSimd.Fma(n, TSimd.Broadcast(Ln2), TSimd.Fma(p, f * f, f));

        y = TSimd.Select(TSimd.LessThan(x, TSimd.Broadcast(Infinity)), y, x); // ∞ and NaN are their own logarithm
        y = TSimd.Select(TSimd.EqualTo(x, TSimd.Zero), TSimd.Broadcast(-Infinity), y);
        return TSimd.Select(TSimd.LessThan(x, TSimd.Zero), TSimd.Broadcast(float.NaN), y);
    }

    /// <summary>σ(x) = 1 / (1 + e^−x) and σ(−x), each within 2 ulp; 0 or 1 only where the exact value rounds so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TSimd Positive, TSimd Negative) Sigmoid<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        // Of σ(±x), the one below ½ is e / (1 + e) with e = e^−|x|, which never overflows; the other is its complement.
        TSimd e = Exp(x | TSimd.Broadcast(-0f));
        TSimd one = TSimd.Broadcast(1f);
        TSimd sum = one + e;
        TSimd lost = e - (sum - one);
        TSimd quotient = e / sum;

        // One Newton step: the exact remainder, what 1 + e lost included, times 1 / (1 + e) = 1 − quotient.
        TSimd minus = TSimd.Zero - quotient;
        TSimd remainder = TSimd.Fma(minus, lost, TSimd.Fma(minus, sum, e));
        TSimd small = TSimd.Fma(remainder, one - quotient, quotient);
        TSimd large = one - small;
        TSimd negative = TSimd.LessThan(x, TSimd.Zero);
        return (TSimd.Select(negative, small, large), TSimd.Select(negative, large, small));
    }

    /// <summary>2^n for the int32 n of a lane, −126 ≤ n ≤ 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSimd PowerOfTwo<TSimd>(TSimd n)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.AddBits(TSimd.ShiftLeftBits(n, 23), TSimd.Broadcast(1f));
}
