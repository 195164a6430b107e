using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>A function between two layers, and its derivative.</summary>
internal interface IActivation
{
    /// <summary>f(x).</summary>
    static abstract TSimd Value<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>f′(x).</summary>
    static abstract TSimd Slope<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>;
}

/// <summary>max(0, x), with slope 0 at 0.</summary>
internal readonly struct ReluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Value<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.Max(TSimd.Zero, x); // NaN stays

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Slope<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.GreaterThan(x, TSimd.Zero) & TSimd.Broadcast(1f);
}

/// <summary>x Φ(x): the exact form, as PyTorch's default (Hendrycks and Gimpel 2016, arXiv 1606.08415).</summary>
internal readonly struct GeluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Value<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => x * ActivationFunctions.Normal(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Slope<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        // Φ(x) + x φ(x), φ = e^(−x²/2) / √(2π).
        TSimd density = ElementwiseFunctions.Exp(x * x * TSimd.Broadcast(-0.5f)) * TSimd.Broadcast(0.398942280f);
        return TSimd.Fma(x, density, ActivationFunctions.Normal(x));
    }
}

/// <summary>x σ(x), also called swish.</summary>
internal readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Value<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => x * ElementwiseFunctions.Sigmoid(x).Positive;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Slope<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        (TSimd positive, TSimd negative) = ElementwiseFunctions.Sigmoid(x);
        return TSimd.Fma(positive * negative, x, positive);
    }
}

/// <summary>tanh x.</summary>
internal readonly struct TanhActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Value<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => ActivationFunctions.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Slope<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
    {
        TSimd y = ActivationFunctions.Tanh(x);
        return TSimd.Fma(TSimd.Zero - y, y, TSimd.Broadcast(1f));
    }
}

/// <summary>x.</summary>
internal readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Value<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Slope<TSimd>(TSimd x)
        where TSimd : unmanaged, ISimd<TSimd>
        => TSimd.Broadcast(1f);
}
