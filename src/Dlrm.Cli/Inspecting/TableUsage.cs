using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Data;

namespace Dlrm.Cli.Inspecting;

/// <summary>How data look up one table.</summary>
/// <param name="Table">Which, from 0.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Lookups">Lookups.</param>
/// <param name="EmptyBags">Samples without any.</param>
/// <param name="Distinct">Rows looked up at all.</param>
/// <param name="TopShare">The share of lookups that go to the most used hundredth of the rows (one at least).</param>
/// <param name="LargestShare">The share of lookups that go to the most used row.</param>
internal sealed record TableUsage(
    int Table, int Rows, long Lookups, long EmptyBags, int Distinct, double TopShare, double LargestShare)
{
    /// <summary>Distinct over all rows.</summary>
    public double Coverage => (double)Distinct / Rows;

    /// <summary>Counts the lookups of a source.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="batches">Batches at most; 0 for all.</param>
    public static IReadOnlyList<TableUsage> Of(IBatchSource source, int batches)
    {
        int[][] counts = [.. source.TableRows.Select(rows => new int[rows])];
        long[] empty = new long[counts.Length];
        using var batch = new Batch(source.DenseFeatures, counts.Length);
        int last = batches > 0 ? Math.Min(batches, source.BatchCount) : source.BatchCount;
        for (int number = 0; number < last; number++)
        {
            source.Read(number, batch);
            for (int table = 0; table < counts.Length; table++)
            {
                foreach (int row in batch.Indices(table))
                {
                    counts[table][row]++;
                }

                ReadOnlySpan<int> offsets = batch.Offsets(table);
                for (int sample = 0; sample < batch.Size; sample++)
                {
                    empty[table] += offsets[sample] == offsets[sample + 1] ? 1 : 0;
                }
            }
        }

        return [.. counts.Select((rows, table) => Of(table, rows, empty[table]))];
    }

    /// <summary>For a person.</summary>
    public static void Write(IReadOnlyList<TableUsage> tables, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{"lookups of training",-22}{"rows",13}{"lookups",14}{"rows used",13}{"coverage",11}{"top 1 %",10}{"top row",10}");
        foreach (TableUsage table in tables)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{$"emb_l.{table.Table}",-22}{table.Rows,13:N0}{table.Lookups,14:N0}{table.Distinct,13:N0}{100 * table.Coverage,9:0.00} %{100 * table.TopShare,8:0.0} %{100 * table.LargestShare,8:0.0} %"));
        }

        output.WriteLine("top 1 %: the share of lookups that the most used hundredth of a table's rows takes");
    }

    /// <summary>For a program.</summary>
    public JsonObject ToJson() => new()
    {
        ["table"] = Table,
        ["rows"] = Rows,
        ["lookups"] = Lookups,
        ["empty_bags"] = EmptyBags,
        ["rows_used"] = Distinct,
        ["coverage"] = Coverage,
        ["top_percent_share"] = TopShare,
        ["top_row_share"] = LargestShare,
    };

    private static TableUsage Of(int table, int[] counts, long empty)
    {
        long lookups = counts.Sum(count => (long)count);
        Array.Sort(counts);
        Array.Reverse(counts);
        long top = counts.Take((counts.Length + 99) / 100).Sum(count => (long)count);
        double all = Math.Max(1, lookups);
        return new TableUsage(table, counts.Length, lookups, empty, counts.Count(count => count > 0), top / all, counts[0] / all);
    }
}
