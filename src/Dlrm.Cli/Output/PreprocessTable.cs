using System.Globalization;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Cli.Output;

/// <summary>The report of <c>dlrm preprocess</c> for people.</summary>
internal static class PreprocessTable
{
    /// <summary>Writes parts and columns.</summary>
    public static void Write(PreprocessReport report, TextWriter writer)
    {
        WriteSplits(report.Description, writer);
        if (report.Columns.Count == 0)
        {
            return;
        }

        int width = Math.Max(6, report.Columns.Max(column => column.Name.Length));
        writer.WriteLine($"{"column".PadRight(width)}  kind      distinct        kept     missing      unknown  values");
        foreach (ColumnReport column in report.Columns)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{column.Name.PadRight(width)}  {column.Kind,-6}{Text(column.Distinct),12}{Text(column.Kept),12}{Text(column.Missing),12}{Text(column.OutOfVocabulary),13}  {column.Detail}"));
        }

        writer.WriteLine();
    }

    /// <summary>Writes the parts of a data set.</summary>
    public static void WriteSplits(DataSetDescription description, TextWriter writer)
    {
        foreach (SplitEntry split in description.Splits)
        {
            string rate = split.LabelRate is { } mean ? string.Create(CultureInfo.InvariantCulture, $", label rate {100 * mean:0.00} %") : "";
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{split.Name,-11}{split.Rows,14:N0} rows{rate}"));
        }

        writer.WriteLine();
    }

    private static string Text(long number) => number < 0 ? "" : number.ToString("N0", CultureInfo.InvariantCulture);
}
