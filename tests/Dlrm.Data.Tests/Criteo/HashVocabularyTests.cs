using CsCheck;
using Dlrm.Data.Criteo;
using Xunit;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>The hash table numbers as a dictionary does.</summary>
public sealed class HashVocabularyTests
{
    [Fact]
    public void Numbers_in_order_of_first_appearance() => Check([7, 0, 7, uint.MaxValue, 0, 1]);

    [Fact]
    public void Equals_a_dictionary() =>
        Gen.UInt[0, 400].Array[0, 3000].Sample(hashes => Check(hashes));

    [Fact]
    public void Equals_a_dictionary_when_it_outgrows_the_cache()
    {
        uint state = 1;
        Check([.. Enumerable.Range(0, 200_000).Select(_ => state = (state * 1664525) + 1013904223)]);
        Check([.. Enumerable.Range(0, 200_000).Select(number => (uint)number << 12)]);
    }

    private static void Check(uint[] hashes)
    {
        var numbers = new Dictionary<uint, int>();
        int[] expected = [.. hashes.Select(hash => numbers.TryAdd(hash, numbers.Count) ? numbers.Count - 1 : numbers[hash])];
        using var vocabulary = new HashVocabulary();
        var actual = new int[hashes.Length * 2];
        for (int start = 0; start < hashes.Length; start += 1000)
        {
            int end = Math.Min(start + 1000, hashes.Length);
            vocabulary.Encode(hashes.AsSpan(start, end - start), actual.AsSpan(start * 2), stride: 2);
        }

        Assert.Equal(expected, actual.Where((_, position) => position % 2 == 0));
        Assert.Equal(numbers.Count, vocabulary.Count);
        Assert.Equal(numbers.Keys, vocabulary.Hashes.ToArray());
    }
}
