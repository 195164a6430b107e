using System.Runtime.InteropServices;
using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>A kernel's working memory: the caller's stack while it is small, the system's memory when it is not.</summary>
internal unsafe ref struct KernelScratch : IDisposable
{
    /// <summary>Floats that a kernel may take from the stack: half of the smallest stack that .NET gives a thread.</summary>
    public const int StackLimit = 1 << 16;

    private float* _owned;

    /// <summary>Memory for <paramref name="floats"/> floats on a cache line, not zeroed.</summary>
    /// <param name="stack">At least <see cref="StackFloats"/> floats, which outlive this.</param>
    /// <param name="floats">Floats.</param>
    public KernelScratch(float* stack, long floats)
    {
        if (floats > StackLimit)
        {
            _owned = (float*)NativeMemory.AlignedAlloc((nuint)(floats * sizeof(float)), SystemMemory.Alignment);
            Data = _owned;
        }
        else
        {
            Data = (float*)(((nint)stack + SystemMemory.Alignment - 1) & -SystemMemory.Alignment);
        }
    }

    /// <summary>The first float.</summary>
    public float* Data { get; }

    /// <summary>Floats to take from the stack when <paramref name="floats"/> are needed.</summary>
    /// <param name="floats">Floats.</param>
    public static int StackFloats(long floats)
        => floats > StackLimit ? 1 : (int)floats + (SystemMemory.Alignment / sizeof(float));

    /// <summary>Gives back what was taken from the system.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_owned);
        _owned = null;
    }
}
