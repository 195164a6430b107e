using System.Buffers.Text;
using Dlrm.Data.Criteo;

namespace Dlrm.Cli.Benching;

/// <summary>Text in the shape of Criteo's Kaggle logs: the same columns, cardinalities and missing rates, about 230 bytes a row.</summary>
/// <remarks>Made up: categories by a power law, numbers by an exponential one; a function of the seed alone.</remarks>
internal static class CriteoLikeText
{
    private static readonly int[] Categories =
    [
        1460, 583, 1013122, 220260, 305, 24, 12517, 633, 3, 93145, 5683, 835159, 3194, 27, 14992, 546130, 10, 5652, 2173, 4,
        704654, 18, 15, 286181, 105, 142572,
    ];

    private static readonly int[] MissingNumbers = [45, 0, 21, 21, 3, 22, 4, 0, 4, 45, 4, 77, 21];
    private static readonly int[] MissingCategories =
        [0, 0, 3, 3, 0, 12, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 44, 44, 3, 76, 0, 3, 44, 44];

    /// <summary>Writes so many bytes, to the end of a line.</summary>
    public static long Write(Stream stream, long bytes, int seed)
    {
        var random = new System.Random(seed);
        var buffer = new byte[1 << 20];
        int used = 0;
        long rows = 0;
        for (long written = 0; written + used < bytes; rows++)
        {
            if (used > buffer.Length - 1024)
            {
                stream.Write(buffer, 0, used);
                written += used;
                used = 0;
            }

            used += WriteRow(buffer.AsSpan(used), random);
        }

        stream.Write(buffer, 0, used);
        return rows;
    }

    /// <summary>Writes the first rows again as comma-separated text with a header, categories in quotes or not.</summary>
    public static void WriteTable(string text, string table, long bytes, bool quoted)
    {
        using var reader = new StreamReader(text);
        using var writer = new StreamWriter(table);
        writer.Write(string.Join(',', CriteoColumns.Names) + "\n");
        while (writer.BaseStream.Position < bytes && reader.ReadLine() is { } line)
        {
            IEnumerable<string> fields = line.Split('\t').Select(
                (field, column) => quoted && column > CriteoColumns.Dense ? $"\"{field}\"" : field);
            writer.Write(string.Join(',', fields) + "\n");
        }
    }

    private static int WriteRow(Span<byte> row, System.Random random)
    {
        row[0] = (byte)(random.Next(4) == 0 ? '1' : '0');
        int at = 1;
        for (int number = 0; number < MissingNumbers.Length; number++)
        {
            row[at++] = (byte)'\t';
            if (random.Next(100) >= MissingNumbers[number])
            {
                int value = (int)Math.Exp(random.NextDouble() * (number == 4 ? 14 : 6)) - 1;
                Utf8Formatter.TryFormat(value, row[at..], out int written);
                at += written;
            }
        }

        for (int category = 0; category < Categories.Length; category++)
        {
            row[at++] = (byte)'\t';
            if (random.Next(100) >= MissingCategories[category])
            {
                uint rank = (uint)(Math.Pow(Categories[category], random.NextDouble()) - 1);
                uint hash = (rank + ((uint)category * 0x01000193)) * 0x9e3779b1;
                Utf8Formatter.TryFormat(hash, row[at..], out int written, new System.Buffers.StandardFormat('x', 8));
                at += written;
            }
        }

        row[at++] = (byte)'\n';
        return at;
    }
}
