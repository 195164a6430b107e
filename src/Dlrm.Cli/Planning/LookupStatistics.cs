using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Data.Folders;
using Dlrm.Distributed.Planning;

namespace Dlrm.Cli.Planning;

/// <summary>How tables are looked up: counted in a data set, or as the options say.</summary>
internal static class LookupStatistics
{
    /// <summary>Samples counted at most: enough for shares of a hundred-thousandth.</summary>
    private const int MostSamples = 2_000_000;

    private const int BatchSize = 8192;

    /// <summary>Counts batches that lie evenly over a part of a data set.</summary>
    /// <param name="folder">The data set.</param>
    /// <param name="split">The part.</param>
    public static IReadOnlyList<TableLookups> Count(DataSetFolder folder, string split)
    {
        using var source = new FolderBatchSource(folder, split, BatchSize);
        int[][] counts = [.. source.TableRows.Select(rows => new int[rows])];
        using var batch = new Batch(source.DenseFeatures, counts.Length);
        int batches = Math.Min(source.BatchCount, MostSamples / BatchSize);
        long samples = 0;
        for (int i = 0; i < batches; i++)
        {
            source.Read((int)((long)source.BatchCount * i / batches), batch);
            samples += batch.Size;
            for (int table = 0; table < counts.Length; table++)
            {
                foreach (int row in batch.Indices(table))
                {
                    counts[table][row]++;
                }
            }
        }

        return [.. counts.Select(rows => TableLookups.FromCounts(rows, samples))];
    }

    /// <summary>As the options say.</summary>
    /// <param name="values">The options.</param>
    /// <param name="rows">Rows of the tables.</param>
    /// <exception cref="UsageException">There are lookups for another number of tables.</exception>
    public static IReadOnlyList<TableLookups> Assumed(OptionValues values, IReadOnlyList<int> rows)
    {
        PlanPreset? preset = PlanPreset.Of(values);
        IReadOnlyList<double> lookups = values.IsGiven(PlanFlags.Lookups) ? values.Get(PlanFlags.Lookups) : preset?.Lookups ?? [OfRandomData(values)];
        if (lookups.Count != 1 && lookups.Count != rows.Count)
        {
            throw new UsageException(
                $"--lookups={values.Text(PlanFlags.Lookups)} has {lookups.Count} numbers; the model has {rows.Count} tables: give one for all, or one a table.");
        }

        double skew = values.IsGiven(PlanFlags.Skew) ? values.Get(PlanFlags.Skew) : preset?.Skew ?? 0;
        return [.. rows.Select((count, table) => TableLookups.PowerLaw(count, lookups[lookups.Count == 1 ? 0 : table], skew))];
    }

    /// <summary>Bags of random data have from 1 to the number of lookups, each as often, unless it is fixed.</summary>
    private static double OfRandomData(OptionValues values) => values.Get(DataOptions.LookupsFixed)
        ? values.Get(DataOptions.Lookups)
        : (values.Get(DataOptions.Lookups) + 1) / 2.0;
}
