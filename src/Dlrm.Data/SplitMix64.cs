namespace Dlrm.Data;

/// <summary>Steele, Lea and Flood's SplitMix64 (2014): eight bytes of state, any of which is a good start.</summary>
internal struct SplitMix64
{
    private const ulong Golden = 0x9e3779b97f4a7c15;
    private ulong _state;

    /// <summary>A generator of its own for each pair of seed and stream.</summary>
    public SplitMix64(ulong seed, ulong stream) => _state = Mix(seed + Golden) ^ Mix(~stream);

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(_state += Golden);

    /// <summary>A whole number in 0 … <paramref name="bound"/> − 1; the bias is below 2⁻³³.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
