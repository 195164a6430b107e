namespace Dlrm.Model;

/// <summary>What the options of the tables must fulfil together.</summary>
internal static class TableRules
{
    /// <summary>Checks pooling, and quotient-remainder beside mixed dimensions.</summary>
    /// <param name="config">The architecture.</param>
    /// <exception cref="ArgumentException">Two parts contradict; the message names both.</exception>
    public static void Validate(DlrmConfig config)
    {
        int tables = config.TableRows.Count;
        IReadOnlyList<string> pooling = config.Pooling;
        if (pooling.FirstOrDefault(word => word is not ("sum" or "mean")) is { } unknown)
        {
            throw new ArgumentException($"There is no pooling '{unknown}' (--pooling); there are sum, mean.");
        }

        if (pooling.Count != 1 && pooling.Count != tables)
        {
            throw new ArgumentException(
                $"--pooling={string.Join(',', pooling)} names {pooling.Count} tables, but there are {tables} "
                + "(--arch-embedding-size, or as many as the data have): give one word for all, or one a table.");
        }

        // Both at once: tables above the QR threshold are split, smaller ones above the MD threshold are narrowed.
        if (config is { QuotientRemainder: { } split, MixedDimension: { } mixed } && split.Threshold <= mixed.Threshold)
        {
            throw new ArgumentException(
                $"--qr-flag splits every table of more than {split.Threshold} rows (--qr-threshold), so --md-flag, for tables of "
                + $"more than {mixed.Threshold} (--md-threshold), would have none left: give --qr-threshold above --md-threshold, "
                + "or leave one of the two out.");
        }
    }
}
