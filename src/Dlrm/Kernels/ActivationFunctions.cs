using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>tanh and erf of one register, and the activations made of them: our own, the same bits on every machine.</summary>
/// <remarks>As <see cref="ElementwiseFunctions"/>: minimax fits made for this file, Horner's rule, fused multiply-add.</remarks>
internal static class ActivationFunctions
{
    private const float SignBit = -0f;

    /// <summary>tanh x, within 3 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Tanh<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd sign = x & TSimd.Broadcast(SignBit);
        TSimd t = x ^ sign;

        // |x| < 0.6: x + x³ p(x²), polynomial error 2^−28.4.
        TSimd s = x * x;
        TSimd p = TSimd.Broadcast(-0.00589515036f);
        p = TSimd.Fma(p, s, TSimd.Broadcast(0.0207959637f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(-0.0537838265f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(0.133319244f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(-0.333332986f));
        TSimd small = TSimd.Fma(p * s, x, x);

        // Else 1 − 2 / (e^2|x| + 1); an infinite power gives 1.
        TSimd one = TSimd.Broadcast(1f);
        TSimd power = ElementwiseFunctions.Exp(t + t);
        TSimd large = (one - (TSimd.Broadcast(2f) / (power + one))) | sign;
        return TSimd.Select(TSimd.LessThan(t, TSimd.Broadcast(0.6f)), small, large);
    }

    /// <summary>erf x, within 3 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Erf<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd sign = x & TSimd.Broadcast(SignBit);
        TSimd t = x ^ sign;

        // |x| < 0.95: x + x p(x²), polynomial error 2^−30.6.
        TSimd s = x * x;
        TSimd p = TSimd.Broadcast(8.1850907e-05f);
        p = TSimd.Fma(p, s, TSimd.Broadcast(-0.000809770252f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(0.0051969518f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(-0.0268577058f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(0.112836637f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(-0.376126319f));
        p = TSimd.Fma(p, s, TSimd.Broadcast(0.128379166f));
        TSimd small = TSimd.Fma(p, x, x);

        // Else 1 − e^q(|x|), q a fit of ln erfc on [0.93, 4], error 2^−34.5 of erf; beyond 4 it is 1.
        TSimd u = TSimd.Min(t, TSimd.Broadcast(4f));
        TSimd q = TSimd.Broadcast(-2.12179384e-05f);
        q = TSimd.Fma(q, u, TSimd.Broadcast(0.000435884896f));
        q = TSimd.Fma(q, u, TSimd.Broadcast(-0.0041779629f));
        q = TSimd.Fma(q, u, TSimd.Broadcast(0.0251376238f));
        q = TSimd.Fma(q, u, TSimd.Broadcast(-0.108308271f));
        q = TSimd.Fma(q, u, TSimd.Broadcast(-0.633321226f));
        q = TSimd.Fma(q, u, TSimd.Broadcast(-1.12952769f));
        q = TSimd.Fma(q, u, TSimd.Broadcast(0.000177334965f));
        TSimd large = (TSimd.Broadcast(1f) - ElementwiseFunctions.Exp(q)) | sign;
        TSimd y = TSimd.Select(TSimd.LessThan(t, TSimd.Broadcast(0.95f)), small, large);
        return TSimd.Select(TSimd.EqualTo(x, x), y, x); // NaN stays
    }

    /// <summary>Φ(x) = ½ (1 + erf(x / √2)): the share of a normal distribution below x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Normal<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd half = TSimd.Broadcast(0.5f);
        return TSimd.Fma(half, Erf(x * TSimd.Broadcast(0.707106781f)), half);
    }
}
