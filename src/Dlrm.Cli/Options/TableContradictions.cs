using Dlrm.Data.Criteo;

namespace Dlrm.Cli.Options;

/// <summary>What is said table by table must be said for the tables there are; both are known before data are read.</summary>
internal static class TableContradictions
{
    /// <summary>Categorical columns of the embedded sample.</summary>
    private const int SampleTables = 8;

    /// <summary>Its numbers.</summary>
    private const int SampleNumbers = 6;

    /// <summary>How many tables the data or the options give; null where a folder will tell.</summary>
    public static int? Tables(OptionValues values) => values.Get(DataOptions.Generation) switch
    {
        DataOptions.DataSet => values.Get(DataOptions.Set) is "kaggle" or "terabyte"
            ? CriteoColumns.Categorical + Numbers(values, CriteoColumns.Dense)
            : null,
        DataOptions.Sample => SampleTables + Numbers(values, SampleNumbers),
        _ => values.Get(ModelOptions.EmbeddingRows).Count,
    };

    private static int Numbers(OptionValues values, int numbers) => values.Get(AccuracyOptions.NumbersAsCategories) ? numbers : 0;

    /// <summary>Checks the options that are lists, one entry a table.</summary>
    /// <exception cref="UsageException">A list is longer or shorter than there are tables; the message names both.</exception>
    public static void Check(OptionValues values)
    {
        if (Tables(values) is not { } tables)
        {
            return;
        }

        Check(TableOptions.Pooling.Switch, ',', values.Get(TableOptions.Pooling), tables, oneForAll: true, values);
        IReadOnlyList<int> bounds = values.Get(TableOptions.MaxIndexPerTable);
        if (bounds.Count > 0)
        {
            Check(TableOptions.MaxIndexPerTable.Switch, '-', bounds, tables, oneForAll: false, values);
        }
    }

    /// <summary>Options that are given and change nothing.</summary>
    public static IEnumerable<string> WithoutEffect(OptionValues values)
    {
        string generation = values.Get(DataOptions.Generation);
        if (values.Get(DataOptions.MaxIndex) > 0 && (DataOptions.AreDrawn(values) || generation == DataOptions.Sample))
        {
            yield return $"--max-ind-range has no effect with --data-generation={generation}, which hashes nothing; "
                + "--max-ind-range-per-table bounds the tables of any data.";
        }
    }

    private static void Check<T>(
        string option, char separator, IReadOnlyList<T> entries, int tables, bool oneForAll, OptionValues values)
    {
        if (entries.Count != tables && !(oneForAll && entries.Count == 1))
        {
            string source = values.Get(DataOptions.Generation) switch
            {
                DataOptions.Random or DataOptions.Synthetic => $"{ModelOptions.EmbeddingRows.Switch}={ModelOptions.EmbeddingRows.Write(values.Get(ModelOptions.EmbeddingRows))}",
                { } generation => $"{DataOptions.Generation.Switch}={generation}",
            };
            throw new UsageException(
                $"{option}={string.Join(separator, entries)} has {entries.Count} {(entries.Count == 1 ? "entry" : "entries")}, "
                + $"but there are {tables} tables ({source}): give one a table{(oneForAll ? ", or one for all" : "")}.");
        }
    }
}
