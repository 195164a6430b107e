using System.Globalization;
using System.Text;
using CsCheck;
using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Tests.Kernels;

/// <summary>Fields between separators, with every instruction set, as int.Parse and Convert read them.</summary>
public sealed class FieldKernelTests
{
    // Fields that are likely to trip a reader of eight bytes at a time.
    private static readonly Gen<string> Fields = Gen.Frequency(
        (20, Gen.Int[0, 99999999].Select(value => $"{value}")),
        (20, Gen.UInt.Select(value => $"{value:x}")),
        (5, Gen.UInt.Select(value => $"{value:X8}")),
        (5, Gen.OneOf("", "", "0", "00000000", "99999999", "ffffffff", "FFFFFFFF")),
        (1, Gen.OneOf("-", "-1", "123456789", "/", ":", "@", "G", "`", "g", "1234567:", "\u0010", "\u00b0", "\u00e1\u00ff", "12 ", "\0")),
        (1, Gen.Byte.Array[0, 12].Select(Encoding.Latin1.GetString)));

    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Supported];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Decimal_fields_are_what_int_Parse_reads(InstructionSet set) => Fields.Array[8, 30].Sample(
        fields =>
        {
            var values = new int[fields.Length];
            (byte[] text, int[] ends) = Join(fields);
            bool plain = fields.All(field => field.Length <= 8 && field.All(char.IsAsciiDigit));
            Assert.Equal(plain, FieldKernel.For(set).Decimal(text, ends, values));
            if (plain)
            {
                Assert.Equal(fields.Select(field => field.Length == 0 ? int.MinValue : int.Parse(field, CultureInfo.InvariantCulture)), values);
            }
        }, iter: 300, threads: 1);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Hexadecimal_fields_are_what_Convert_reads(InstructionSet set) => Fields.Array[8, 30].Sample(
        fields =>
        {
            var values = new uint[fields.Length];
            (byte[] text, int[] ends) = Join(fields);
            bool plain = fields.All(field => field.Length <= 8 && field.All(char.IsAsciiHexDigit));
            Assert.Equal(plain, FieldKernel.For(set).Hexadecimal(text, ends, values));
            if (plain)
            {
                Assert.Equal(fields.Select(field => field.Length == 0 ? 0 : Convert.ToUInt32(field, 16)), values);
            }
        }, iter: 300, threads: 1);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_byte_is_a_digit_or_is_refused(InstructionSet set)
    {
        for (int value = 0; value < 256; value++)
        {
            // In the first, a middle and the last place of a field, in each lane.
            for (int field = 0; field < 8; field++)
            {
                foreach (int place in new[] { 0, 3, 7 })
                {
                    string[] fields = [.. Enumerable.Repeat("12345678", 8)];
                    fields[field] = fields[field][..place] + (char)value + fields[field][(place + 1)..];
                    (byte[] text, int[] ends) = Join(fields);
                    Assert.Equal(char.IsAsciiDigit((char)value), FieldKernel.For(set).Decimal(text, ends, new int[8]));
                    Assert.Equal(char.IsAsciiHexDigit((char)value), FieldKernel.For(set).Hexadecimal(text, ends, new uint[8]));
                }
            }
        }
    }

    [Fact]
    public void Ends_outside_the_text_are_refused()
    {
        (byte[] text, int[] ends) = Join([.. Enumerable.Repeat("1", 8)]);
        FieldKernel kernel = FieldKernel.For(InstructionSet.Portable);
        Assert.Throws<ArgumentException>(() => kernel.Decimal(text.AsSpan(0, text.Length - 1), ends, new int[8]));
        Assert.Throws<ArgumentException>(() => kernel.Decimal(text, ends, new int[9]));
        ends[1] = 7;
        Assert.Throws<ArgumentException>(() => kernel.Hexadecimal(text, ends, new uint[8]));
    }

    /// <summary>Digits before the first field: they must not matter.</summary>
    private static (byte[] Text, int[] Ends) Join(string[] fields)
    {
        string text = "98765432\t" + string.Join('\t', fields);
        var ends = new List<int> { 8 };
        foreach (string field in fields)
        {
            ends.Add(ends[^1] + field.Length + 1);
        }

        return (Encoding.Latin1.GetBytes(text), [.. ends]);
    }
}
