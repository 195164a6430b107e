using CsCheck;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class RadixSortTests
{
    [Fact]
    public void Sorts_as_the_library_does()
    {
        Gen.UInt.Array[0, 500].Sample(keys => SortsAsTheLibrary(keys));
        Gen.UInt[0, 40].Array[0, 500].Sample(keys => SortsAsTheLibrary(keys));
        Gen.UInt[0x3F000000, 0x3F800000].Array[0, 500].Sample(keys => SortsAsTheLibrary(keys));
    }

    private static bool SortsAsTheLibrary(uint[] keys)
    {
        uint[] expected = [.. keys.Order()];
        uint[] scratch = new uint[keys.Length];
        uint[] sorted = RadixSort.Sort(keys, scratch) ? scratch : keys;
        return sorted.AsSpan().SequenceEqual(expected);
    }
}
