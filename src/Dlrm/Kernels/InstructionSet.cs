using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Dlrm.Kernels;

/// <summary>A way of computing. All of them give the same bits; they differ in speed alone.</summary>
public enum InstructionSet
{
    /// <summary>Scalar C#, any machine.</summary>
    Portable,

    /// <summary>128-bit vectors with fused multiply-add: AdvSimd on Arm64, SSE with FMA on x64.</summary>
    Vector128,

    /// <summary>256-bit vectors: AVX2 with FMA.</summary>
    Avx2,

    /// <summary>512-bit vectors: AVX-512 F, BW, DQ, VL.</summary>
    Avx512,
}

/// <summary>Which instruction sets this processor has, and which one is used.</summary>
public static class InstructionSets
{
    /// <summary>Name of the environment variable that forces a set: portable, vector128, avx2 or avx512.</summary>
    public const string Variable = "DLRM_ISA";

    /// <summary>The sets this processor has, slowest first.</summary>
    public static IReadOnlyList<InstructionSet> Supported { get; } =
        [.. Enum.GetValues<InstructionSet>().Where(IsSupported)];

    /// <summary>True when the processor (and the runtime's settings) allow <paramref name="set"/>.</summary>
    /// <param name="set">An instruction set.</param>
    public static bool IsSupported(InstructionSet set) => set switch
    {
        InstructionSet.Portable => true,
        InstructionSet.Vector128 => System.Runtime.Intrinsics.Vector128.IsHardwareAccelerated
            && (Fma.IsSupported || AdvSimd.Arm64.IsSupported),
        InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        InstructionSet.Avx512 => Avx512F.VL.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported
            && Vector512.IsHardwareAccelerated,
        _ => false,
    };

    /// <summary>The set to use: the one that <see cref="Variable"/> names, else the fastest.</summary>
    /// <exception cref="ArgumentException">The variable names no set, or one that this processor lacks.</exception>
    public static InstructionSet Choose() => Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The set called <paramref name="name"/>; the fastest one for null or the empty text.</summary>
    /// <param name="name">portable, vector128, avx2 or avx512, in any case.</param>
    /// <exception cref="ArgumentException">No such set, or not on this processor.</exception>
    public static InstructionSet Parse(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return Supported[^1];
        }

        if (!Enum.TryParse(name, ignoreCase: true, out InstructionSet set) || !Enum.IsDefined(set))
        {
            throw new ArgumentException(
                $"'{name}' is no instruction set; this processor has {string.Join(", ", Supported).ToLowerInvariant()}.");
        }

        return IsSupported(set)
            ? set
            : throw new ArgumentException(
                $"This processor has no {name}; it has {string.Join(", ", Supported).ToLowerInvariant()}.");
    }
}
