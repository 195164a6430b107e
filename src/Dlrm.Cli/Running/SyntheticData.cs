using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Data.Traces;
using Dlrm.Random;

namespace Dlrm.Cli.Running;

/// <summary>The reference's synthetic data: lookups with the stack distances of traces.</summary>
internal static class SyntheticData
{
    /// <summary>Reads the distributions, one file a table.</summary>
    /// <exception cref="UsageException">The options do not hold together.</exception>
    public static RunData Load(OptionValues values, NumpyRandom random)
    {
        RandomDataOptions options = RunData.DrawnData(values) with { Distribution = LookupDistribution.Uniform };
        string pattern = values.Get(DataOptions.TraceFile);
        bool padding = values.Get(DataOptions.TracePadding);
        StackDistances[] distances =
            [.. options.TableRows.Select((_, table) => StackDistances.Read(SyntheticBatchSource.FileOf(pattern, table)))];
        try
        {
            var train = new SyntheticBatchSource(options, distances, padding, random);
            return RunData.Drawn(train, new SyntheticBatchSource(options, distances, padding, random), "synthetic data", Messages(options, distances));
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static List<string> Messages(RandomDataOptions options, StackDistances[] distances)
    {
        var messages = new List<string>();
        for (int table = 0; table < distances.Length; table++)
        {
            ulong largest = distances[table].Rows.Max();
            if (largest >= (ulong)options.TableRows[table])
            {
                messages.Add($"The trace of table {table} reaches row {largest}, but the table has {options.TableRows[table]} rows: rows are taken modulo that.");
            }
        }

        return messages;
    }
}
