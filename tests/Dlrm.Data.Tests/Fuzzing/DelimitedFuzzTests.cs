using System.Text;
using CsCheck;
using Dlrm.Data.Lines;
using Dlrm.Data.Preprocessing;
using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Data.Tests.Fuzzing;

/// <summary>Adult's rows as comma-separated text, with quotes and without, changed at random: read as a reader of single characters does.</summary>
public sealed class DelimitedFuzzTests
{
    private static readonly string[] Names = [.. AdultLines()[0].Split(',')];

    private static readonly DataSchema Schema = new()
    {
        Label = Names[^1],
        Positive = [">50K"],
        Sparse = [.. Names[..^1].Select(name => new SparseColumn { Column = name })],
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_text_is_read_as_the_plain_twin_reads_it(bool quotes)
    {
        string[] lines = AdultLines()[1..40];
        byte[] text = Encoding.Latin1.GetBytes(string.Concat(lines.Select((line, row) => (quotes && row % 2 == 0 ? Quoted(line) : line) + "\n")));
        Check(text, quotes);
        Mutation.Of(12).Sample(mutate => Check(mutate(text), quotes), iter: 300, threads: 1);
    }

    private static void Check(byte[] text, bool quotes)
    {
        text = text is [.., (byte)'\n'] ? text : [.. text, (byte)'\n'];
        List<string[]?> expected = Twin(Encoding.Latin1.GetString(text), quotes);
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            Check(text, quotes, expected, set);
        }
    }

    private static void Check(byte[] text, bool quotes, List<string[]?> expected, InstructionSet set)
    {
        var block = new TextBlock { Length = text.Length };
        block.Bytes.AsSpan().Fill((byte)',');
        text.CopyTo(block.Bytes, 0);
        SplitRule split = SplitRule.Parse("none");
        RawBlock rows = SourcePass.NewBlock(Schema, split);
        new DelimitedParser(new RowLayout(Names, Schema, split, "a.csv"), (byte)',', quotes, carriageReturns: false, set)
            .Parse(block, rows, stopAtBadLine: false);
        string[][] good = [.. expected.OfType<string[]>()];
        Assert.Equal(text.Count(letter => letter == '\n'), rows.Lines);
        Assert.Equal(expected.Count - good.Length, rows.BadLines.Count);
        Assert.Equal(good.Length, rows.Rows);
        for (int row = 0; row < good.Length; row++)
        {
            Assert.Equal(good[row][^1] == ">50K" ? 1 : 0, rows.Labels[row]);
            Assert.Equal(good[row][..^1], rows.Tokens.Select(tokens =>
                Encoding.Latin1.GetString(block.Bytes, tokens.Starts[row], tokens.Lengths[row])));
        }
    }

    /// <summary>Rows of fields, one character at a time; null for one that is not as the header says.</summary>
    private static List<string[]?> Twin(string text, bool quotes)
    {
        var rows = new List<string[]?>();
        for (int at = 0; at < text.Length;)
        {
            int start = at;
            var fields = new List<string>();
            bool closed = true;
            do
            {
                var field = new StringBuilder();
                if (quotes && text[at] == '"')
                {
                    for (at++, closed = false; at < text.Length && !closed; at++)
                    {
                        closed = text[at] == '"' && (at + 1 == text.Length || text[at + 1] != '"');
                        if (!closed)
                        {
                            field.Append(text[at]);
                            at += text[at] == '"' ? 1 : 0;
                        }
                    }
                }

                while (at < text.Length && text[at] is not (',' or '\n'))
                {
                    field.Append(text[at++]);
                }

                fields.Add(field.ToString());
            }
            while (at < text.Length && text[at++] == ',');

            string row = text[start..Math.Max(start, at - 1)];
            bool good = closed && fields.Count == Names.Length && fields[^1].Length > 0 && !row.EndsWith('\r') && !row.Contains('\0');
            rows.Add(good ? [.. fields] : null);
        }

        return rows;
    }

    /// <summary>Every other field in quotes, one with a quote and a comma in it.</summary>
    private static string Quoted(string line) => string.Join(',', line.Split(',').Select((field, column) =>
        column % 2 == 1 ? $"\"{field}\"" : column == 4 ? $"\"{field}, \"\"x\"\"\"" : field));

    private static string[] AdultLines()
    {
        using Stream packed = typeof(BadDataException).Assembly.GetManifestResourceStream(
            typeof(BadDataException).Assembly.GetManifestResourceNames().Single(name => name.Contains("adult.csv.gz", StringComparison.Ordinal)))!;
        using var text = new StreamReader(new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionMode.Decompress));
        return [.. Enumerable.Range(0, 60).Select(_ => text.ReadLine()!)];
    }
}
