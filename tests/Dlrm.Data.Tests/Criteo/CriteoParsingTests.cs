using System.Text;
using CsCheck;
using Dlrm.Data.Criteo;
using Dlrm.Data.Lines;
using Xunit;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>The fast parser takes what the plain one takes, gives what it gives, and refuses the rest by name.</summary>
public sealed class CriteoParsingTests
{
    // Fields that are likely to trip a parser that reads eight bytes at a time.
    private static readonly Gen<string> Fields = Gen.OneOf(
        Gen.OneOf(
            "", "0", "1", "-1", "-", "--1", "-0", "+1", "1-", "00000000", "000000001", "12345678", "123456789", "2147483647",
            "2147483648", "-2147483648", "-2147483649", "99999999999999999999", "1.5", "1e3", "0x1f", " 1", "1 ", "nan",
            "ffffffff", "FFFFFFFF", "fffffffff", "0123456789", "g0000000", "0000000g", "deadbee", "DeadBeef", "\0", "\r",
            "12\r", "/", ":", "@", "G", "`", "g", "\u00b0", "\u00e1\u00ff", "1234567:", "a\tb", "\t"),
        Gen.Int.Select(value => $"{value}"),
        Gen.UInt.Select(value => $"{value:x}"),
        Gen.Byte.Array[0, 12].Select(bytes => Encoding.Latin1.GetString(bytes).Replace("\n", "", StringComparison.Ordinal)));

    // A row, and fields of it to be replaced.
    private static readonly Gen<string> MutatedLines = Gen.Select(
        Gen.Int[0, 1000], Gen.Select(Gen.Int[0, 39], Fields).Array[0, 3], Gen.Int[0, 60], (row, changes, extra) =>
        {
            string[] fields = CriteoLines.Fields(row);
            foreach ((int column, string field) in changes)
            {
                fields[column] = field;
            }

            string line = string.Join('\t', fields);
            return extra switch
            {
                0 => "",
                1 => line + "\t",
                2 => "\t" + line,
                3 => line[..(line.Length / 2)],
                4 => line + "\r",
                5 => "\r",
                _ => line,
            };
        });

    [Fact]
    public void Equals_the_plain_parser_on_mutated_rows()
    {
        MutatedLines.Array[1, 12].Sample(lines =>
        {
            (CriteoRowBlock rows, BadLineLog log, long count) = Parse(string.Join('\n', lines) + "\n");
            (int Label, int[] Numbers, uint[] Hashes)[] expected =
                [.. lines.Select(ScalarParser.Parse).Where(row => row is not null).Select(row => row!.Value)];
            Assert.Equal(lines.Length, count);
            Assert.Equal(expected.Length, rows.Rows);
            Assert.Equal(lines.Length - expected.Length, log.Total);
            for (int row = 0; row < expected.Length; row++)
            {
                Assert.Equal(expected[row].Label, rows.Labels[row]);
                Assert.Equal(expected[row].Numbers, rows.Dense.AsSpan(row * 13, 13));
                Assert.Equal(expected[row].Hashes, Enumerable.Range(0, 26).Select(column => rows.Column(column)[row]));
            }
        });
    }

    [Fact]
    public void Good_lines_of_all_lengths_take_the_fast_way_or_the_plain_one_alike()
    {
        // Every length of number and hash, in every column, first and last line of a block.
        for (int length = 0; length <= 8; length++)
        {
            string number = "12345678"[..length];
            string hash = "9aBcDeF0"[..length];
            string line = "1\t" + string.Join('\t', Enumerable.Repeat(number, 13)) + "\t"
                + string.Join('\t', Enumerable.Repeat(hash, 26)) + "\n";
            (CriteoRowBlock rows, _, _) = Parse(line + line);
            Assert.Equal(2, rows.Rows);
            Assert.All(rows.Dense[..26], value => Assert.Equal(length == 0 ? CriteoColumns.Missing : int.Parse(number), value));
            Assert.All(
                Enumerable.Range(0, 26),
                column => Assert.Equal(length == 0 ? 0 : Convert.ToUInt32(hash, 16), rows.Column(column)[1]));
        }
    }

    [Theory]
    [InlineData(0, "2", BadLineReason.Label, "label")]
    [InlineData(0, "", BadLineReason.Label, "label")]
    [InlineData(0, "00", BadLineReason.Label, "label")]
    [InlineData(1, "x1", BadLineReason.NotANumber, "I1")]
    [InlineData(4, "1.5", BadLineReason.NotANumber, "I4")]
    [InlineData(13, "-", BadLineReason.NotANumber, "I13")]
    [InlineData(2, "2147483648", BadLineReason.NumberTooLarge, "I2")]
    [InlineData(2, "-2147483649", BadLineReason.NumberTooLarge, "I2")]
    [InlineData(14, "xyz", BadLineReason.NotHexadecimal, "C1")]
    [InlineData(39, "12345 ", BadLineReason.NotHexadecimal, "C26")]
    [InlineData(20, "123456789", BadLineReason.HashTooLong, "C7")]
    [InlineData(20, "12\0", BadLineReason.ZeroByte, "C7")]
    [InlineData(39, "12345678\r", BadLineReason.CarriageReturn, "C26")]
    public void A_bad_field_is_named(int column, string field, BadLineReason reason, string name)
    {
        BadDataException exception = Assert.Throws<BadDataException>(
            () => Parse(CriteoLines.TextWith(5, 3, column, field), OnBadLine.Error));
        Assert.Equal((reason, 4, column + 1, name), (exception.Reason, exception.Line, exception.Column, exception.ColumnName));
        Assert.Equal(BadLine.Escape(Encoding.Latin1.GetBytes(field)), exception.Text);
        Assert.StartsWith($"day.tsv line 4, column {column + 1} ({name}): '", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", BadLineReason.EmptyLine, "is an empty line")]
    [InlineData("1", BadLineReason.FieldCount, "has 1 field, expected 40")]
    [InlineData("1,2,3", BadLineReason.FieldCount, "not by commas")]
    [InlineData("1\t2\t3", BadLineReason.FieldCount, "has 3 fields, expected 40")]
    public void A_bad_line_is_named(string line, BadLineReason reason, string problem)
    {
        BadDataException exception = Assert.Throws<BadDataException>(
            () => Parse(CriteoLines.Line(0) + line + "\n" + CriteoLines.Line(1), OnBadLine.Error));
        Assert.Equal((reason, 2, 0), (exception.Reason, exception.Line, exception.Column));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_its_label_gets_a_hint()
    {
        BadDataException exception = Assert.Throws<BadDataException>(
            () => Parse(string.Join('\t', CriteoLines.Fields(0)[1..]) + "\n", OnBadLine.Error));
        Assert.Contains("has 39 fields", exception.Message, StringComparison.Ordinal);
        Assert.Contains("without labels", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Offending_text_is_shortened_and_escaped()
    {
        Assert.Equal("a\\x00\\x09\\x5c\\xff", BadLine.Escape([(byte)'a', 0, 9, (byte)'\\', 255]));
        Assert.Equal(new string('x', 48) + "…", BadLine.Escape(Encoding.Latin1.GetBytes(new string('x', 500))));
    }

    private static (CriteoRowBlock Rows, BadLineLog Log, long Lines) Parse(string text, OnBadLine onBadLine = OnBadLine.Skip)
    {
        var block = new TextBlock { Length = text.Length };

        // What lies behind the text must not matter.
        block.Bytes.AsSpan().Fill((byte)'7');
        Encoding.Latin1.GetBytes(text, block.Bytes);
        var log = new BadLineLog("day.tsv", onBadLine);
        var rows = new CriteoRowBlock();
        CriteoBlockParser.Parse(block, rows, onBadLine == OnBadLine.Error);
        foreach (BadLine bad in rows.BadLines)
        {
            log.Add(bad);
        }

        return (rows, log, rows.Lines);
    }
}
