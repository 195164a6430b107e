using CsCheck;
using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

/// <summary>Places of bytes in a text, found with every instruction set.</summary>
public sealed class ByteScanTests
{
    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Supported];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Finds_every_place_in_any_text(InstructionSet set)
    {
        // Bytes close to those looked for, with and without the high bit, at every length around a register's.
        Gen<byte> bytes = Gen.OneOf(Gen.Int[0, 6].Select(place => "\t\n\t\b\v\u0089\0"[place]).Select(letter => (byte)letter), Gen.Byte);
        bytes.Array[0, 300].Sample(
            text => Check(set, text, (byte)'\t', (byte)'\n'), iter: 300, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Finds_all_and_none(InstructionSet set)
    {
        for (int length = 0; length < 200; length++)
        {
            Check(set, Enumerable.Repeat((byte)255, length).ToArray(), 255, 255);
            Check(set, new byte[length], 1, 128);
        }
    }

    [Fact]
    public void Refuses_too_little_room() =>
        Assert.Throws<ArgumentException>(() => ByteScan.For(InstructionSet.Portable).Places(new byte[5], 0, 0, new int[12]));

    private static void Check(InstructionSet set, byte[] text, byte value, byte other)
    {
        List<int> expected = [];
        for (int place = 0; place < text.Length; place++)
        {
            if (text[place] == value || text[place] == other)
            {
                expected.Add(place);
            }
        }

        var places = new int[text.Length + ByteScan.Slack];
        int count = ByteScan.For(set).Places(text, value, other, places);
        Assert.Equal(expected, places[..count]);
    }
}
