using CsCheck;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>Byte strings are numbered as a dictionary of strings numbers them.</summary>
public sealed class ValueDictionaryTests
{
    [Fact]
    public void The_empty_value_may_be_the_first()
    {
        var values = new ValueDictionary();
        Assert.Equal(0, values.Add([], ValueDictionary.Hash([])));
        Assert.Equal(1, values.Add("a"u8, ValueDictionary.Hash("a"u8)));
        Assert.Equal(0, values.Find([], ValueDictionary.Hash([])));
        Assert.True(values[0].IsEmpty);
    }

    [Fact]
    public void Equals_a_dictionary_of_strings() => Gen.Byte[0, 3].Array[0, 5].Array[0, 400].Sample(
        texts =>
        {
            var values = new ValueDictionary();
            var expected = new Dictionary<string, int>();
            foreach (byte[] text in texts)
            {
                string key = Convert.ToHexString(text);
                expected.TryAdd(key, expected.Count);
                Assert.Equal(expected[key], values.Add(text, ValueDictionary.Hash(text)));
            }

            Assert.Equal(expected.Keys, Enumerable.Range(0, values.Count).Select(id => Convert.ToHexString(values[id])));
        }, iter: 100, threads: 1);
}
