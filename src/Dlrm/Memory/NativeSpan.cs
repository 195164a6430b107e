using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dlrm.Memory;

/// <summary>A span of native memory that can be kept: for operations that go on after the call that began them.</summary>
internal readonly unsafe struct NativeSpan
{
    private readonly byte* _data;

    private NativeSpan(byte* data, int length)
    {
        _data = data;
        Length = length;
    }

    /// <summary>Bytes.</summary>
    public int Length { get; }

    /// <summary>The memory, which must be there still.</summary>
    public Span<byte> Span => new(_data, Length);

    /// <summary>The memory as floats.</summary>
    public Span<float> Floats => new(_data, Length / sizeof(float));

    /// <summary>The memory as doubles.</summary>
    public Span<double> Doubles => new(_data, Length / sizeof(double));

    /// <summary>Keeps where a span lies.</summary>
    /// <typeparam name="T">Its elements.</typeparam>
    /// <param name="span">In native memory, or of an object that is pinned or on a stack that stays, until the last use.</param>
    public static NativeSpan Of<T>(ReadOnlySpan<T> span)
        where T : unmanaged
        => new((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span)), checked(span.Length * sizeof(T)));
}
