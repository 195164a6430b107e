namespace Dlrm.Kernels;

/// <summary>
/// One vector register of <see cref="Lanes"/> floats, so that a kernel is written once and compiled for each width.
/// </summary>
/// <remarks>
/// Every operation works lane by lane and rounds once, to nearest even, so a lane's result has the same bits at every
/// width. That is also why there are no horizontal operations here: a kernel that reduces lanes spells out its tree.
/// Comparisons give a mask: all bits of a lane set, or none. The <c>…Bits</c> operations see a lane as an int32.
/// Pointers need no alignment.
/// </remarks>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
internal unsafe interface ISimd<TSelf>
    where TSelf : unmanaged, ISimd<TSelf>
{
    /// <summary>Floats in a register: 1, 4, 8 or 16.</summary>
    static abstract int Lanes { get; }

    /// <summary>Zero in every lane.</summary>
    static abstract TSelf Zero { get; }

    /// <summary>Lane-wise sum.</summary>
    static abstract TSelf operator +(TSelf left, TSelf right);

    /// <summary>Lane-wise difference.</summary>
    static abstract TSelf operator -(TSelf left, TSelf right);

    /// <summary>Lane-wise product.</summary>
    static abstract TSelf operator *(TSelf left, TSelf right);

    /// <summary>Lane-wise quotient.</summary>
    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>Bitwise and, mostly of a value with a mask.</summary>
    static abstract TSelf operator &(TSelf left, TSelf right);

    /// <summary>Bitwise or.</summary>
    static abstract TSelf operator |(TSelf left, TSelf right);

    /// <summary>Bitwise exclusive or.</summary>
    static abstract TSelf operator ^(TSelf left, TSelf right);

    /// <summary>Reads <see cref="Lanes"/> consecutive floats.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Writes <see cref="Lanes"/> consecutive floats.</summary>
    static abstract void Store(TSelf value, float* destination);

    /// <summary>The same value in every lane.</summary>
    static abstract TSelf Broadcast(float value);

    /// <summary>The same int32 bits in every lane.</summary>
    static abstract TSelf BroadcastBits(int bits);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    /// <summary>The square root.</summary>
    static abstract TSelf Sqrt(TSelf value);

    /// <summary>left &gt; right ? left : right; so <paramref name="right"/> if either is NaN or both are zeros.</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>left &lt; right ? left : right; so <paramref name="right"/> if either is NaN or both are zeros.</summary>
    static abstract TSelf Min(TSelf left, TSelf right);

    /// <summary>Mask of left &gt; right; false for NaN.</summary>
    static abstract TSelf GreaterThan(TSelf left, TSelf right);

    /// <summary>Mask of left &lt; right; false for NaN.</summary>
    static abstract TSelf LessThan(TSelf left, TSelf right);

    /// <summary>Mask of left = right; false for NaN.</summary>
    static abstract TSelf EqualTo(TSelf left, TSelf right);

    /// <summary>Where the mask is set <paramref name="ifSet"/>, elsewhere <paramref name="otherwise"/>.</summary>
    static abstract TSelf Select(TSelf mask, TSelf ifSet, TSelf otherwise);

    /// <summary>Lane-wise int32 sum, wrapping.</summary>
    static abstract TSelf AddBits(TSelf left, TSelf right);

    /// <summary>Lane-wise int32 difference, wrapping.</summary>
    static abstract TSelf SubtractBits(TSelf left, TSelf right);

    /// <summary>Lane-wise left shift of the int32.</summary>
    static abstract TSelf ShiftLeftBits(TSelf value, int count);

    /// <summary>Lane-wise right shift of the int32 that keeps the sign.</summary>
    static abstract TSelf ShiftRightBits(TSelf value, int count);

    /// <summary>Lane-wise right shift of the uint32: zeros come in.</summary>
    static abstract TSelf ShiftRightLogicalBits(TSelf value, int count);

    /// <summary>Lane-wise int32 product, wrapping.</summary>
    static abstract TSelf MultiplyBits(TSelf left, TSelf right);

    /// <summary>The lane's int32 as a float.</summary>
    static abstract TSelf ConvertBits(TSelf value);

    /// <summary>
    /// Transposes a square block: element (r, c) of <paramref name="source"/> goes to (c, r) of
    /// <paramref name="destination"/>, r and c below <see cref="Lanes"/>. The blocks must not overlap.
    /// </summary>
    /// <param name="source">The block's first element.</param>
    /// <param name="sourceStride">Floats from one row to the next.</param>
    /// <param name="destination">The transposed block's first element.</param>
    /// <param name="destinationStride">Floats from one row to the next.</param>
    static abstract void Transpose(float* source, long sourceStride, float* destination, long destinationStride);
}
