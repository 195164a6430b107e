using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>What, beside an element's number, decides its random bits: see <see cref="CounterRandom"/>.</summary>
/// <param name="State">64 bits mixed from what the key was made of.</param>
internal readonly record struct CounterKey(ulong State)
{
    /// <summary>The key's first half, as <see cref="CounterRandom"/> takes it.</summary>
    public uint First => (uint)State;

    /// <summary>The key's second half.</summary>
    public uint Second => (uint)(State >> 32);

    /// <summary>The key of one use of random bits in one step.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">Updates done before this step.</param>
    /// <param name="stream">Who draws: another number for every layer or table; the callers list theirs.</param>
    public static CounterKey Of(long seed, long step, long stream) =>
        new CounterKey(Mix(unchecked((ulong)seed + 0x9E3779B97F4A7C15))).At(step).At(stream);

    /// <summary>The key of a part, e.g. of one row of a matrix, so that elements need 32 bits alone.</summary>
    /// <param name="part">The part's number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CounterKey At(long part) => new(Mix(unchecked(State + (ulong)part + 0x9E3779B97F4A7C15)));

    /// <summary>A key whose part 0 is part <paramref name="first"/> of this one.</summary>
    /// <param name="first">The part's number.</param>
    public CounterKey From(long first) => new(unchecked(State + (ulong)first));

    /// <summary>The 64-bit finaliser of SplitMix64 (Steele, Lea and Flood 2014; constants of Stafford's variant 13).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
