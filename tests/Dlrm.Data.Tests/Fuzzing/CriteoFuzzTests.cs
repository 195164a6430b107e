using System.Text;
using CsCheck;
using Dlrm.Data.Criteo;
using Dlrm.Data.Generating;
using Dlrm.Data.Lines;
using Dlrm.Data.Tests.Criteo;
using Dlrm.Kernels;
using Xunit;

namespace Dlrm.Data.Tests.Fuzzing;

/// <summary>Criteo's rows with bytes changed at random, read with every instruction set as the plain twin reads them.</summary>
public sealed class CriteoFuzzTests
{
    // In Criteo's shape: lengths, missing fields and negative numbers as its logs have them.
    private static readonly byte[] Rows = Generated();

    [Fact]
    public void Every_instruction_set_reads_what_the_plain_twin_reads() => Mutation.Of(12).Sample(
        mutate => Check(mutate(Rows)), iter: 150, threads: 1);

    [Fact]
    public void Rows_as_they_are_take_the_fast_way() => Check(Rows);

    private static void Check(byte[] text)
    {
        text = text is [.., (byte)'\n'] ? text : [.. text, (byte)'\n'];
        string[] lines = Encoding.Latin1.GetString(text, 0, text.Length - 1).Split('\n');
        (int Label, int[] Numbers, uint[] Hashes)?[] expected = [.. lines.Select(ScalarParser.Parse)];
        string? reasons = null;
        foreach (InstructionSet set in InstructionSets.Supported)
        {
            CriteoRowBlock rows = Parse(text, set);
            Assert.Equal(lines.Length, rows.Lines);
            Assert.Equal(expected.Count(row => row is not null), rows.Rows);
            Assert.Equal(expected.Select((row, line) => row is null ? line + 1 : 0).Where(line => line > 0), rows.BadLines.Select(bad => (int)bad.Line));
            int at = 0;
            foreach ((int label, int[] numbers, uint[] hashes) in expected.OfType<(int, int[], uint[])>())
            {
                Assert.Equal(label, rows.Labels[at]);
                Assert.Equal(numbers, rows.Dense.AsSpan(at * 13, 13));
                Assert.Equal(hashes, Enumerable.Range(0, 26).Select(column => rows.Column(column)[at]));
                at++;
            }

            string told = string.Join('\n', rows.BadLines.Select(bad => bad.Describe()));
            Assert.Equal(reasons ?? told, told);
            reasons = told;
        }
    }

    private static CriteoRowBlock Parse(byte[] text, InstructionSet set)
    {
        var block = new TextBlock { Length = text.Length };

        // What lies behind the text must not matter.
        block.Bytes.AsSpan().Fill((byte)'7');
        text.CopyTo(block.Bytes, 0);
        var rows = new CriteoRowBlock();
        CriteoBlockParser.Parse(block, rows, stopAtBadLine: false, set);
        return rows;
    }

    private static byte[] Generated()
    {
        using var folder = new TemporaryFolder();
        Generator.Run(new GeneratorOptions
        {
            Rows = 30,
            Output = folder["a.txt"],
            Format = GeneratedFormat.Criteo,
            Seed = 3,
            MaxTableRows = 1000,
            Threads = 1,
        });
        string[] lines = File.ReadAllLines(folder["a.txt"]);

        // Criteo's second number is the one that may be negative.
        for (int line = 0; line < lines.Length; line += 3)
        {
            string[] fields = lines[line].Split('\t');
            fields[2] = line % 2 == 0 ? "-1" : "-3";
            lines[line] = string.Join('\t', fields);
        }

        return Encoding.ASCII.GetBytes(string.Join('\n', lines) + "\n");
    }
}
