using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data.Folders;
using Dlrm.Memory;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm inspect DATASET</c>.</summary>
internal static class DataSetInspection
{
    /// <summary>Opens the data set, checking it, and describes it.</summary>
    public static int Run(string path, OptionValues values, ToolConsole console)
    {
        using DataSetFolder folder = DataSetFolder.Open(path, values.Get(DataSetOptions.Verify) == "full");
        DataSetDescription description = folder.Description;
        if (values.Get(RunOptions.Format) == "json")
        {
            console.Out.Write(description.ToJson());
            return ExitCode.Done;
        }

        long bytes = description.Files.Sum(file => file.Bytes);
        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{folder.FullPath}: {description.Rows:N0} rows of {description.Title}, {SystemMemory.Describe(bytes)} in {description.Files.Count} files"));
        PreprocessTable.WriteSplits(description, console.Out);
        foreach (DenseFeature feature in description.Dense)
        {
            console.Out.WriteLine($"dense   {feature.Name}: {Describe(feature)}");
        }

        foreach (SparseFeature feature in description.Sparse)
        {
            console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sparse  {feature.Name}: {feature.TableRows:N0} rows, {Describe(feature)}"));
        }

        if (description.Weight is not null)
        {
            console.Out.WriteLine($"weight  {description.Weight}");
        }

        WriteHead(folder, values.GetInt(DataSetOptions.Head), console.Out);
        return ExitCode.Done;
    }

    private static void WriteHead(DataSetFolder folder, int rows, TextWriter writer)
    {
        if (rows == 0)
        {
            return;
        }

        var decoder = new RowDecoder(folder);
        foreach (SplitEntry split in folder.Description.Splits)
        {
            writer.WriteLine();
            writer.WriteLine($"{split.Name}");
            writer.WriteLine(string.Join('\t', decoder.Names));
            foreach (IReadOnlyList<string> row in decoder.Read(split.Name, rows))
            {
                writer.WriteLine(string.Join('\t', row));
            }
        }
    }

    private static string Describe(DenseFeature feature)
    {
        if (feature.Column is null)
        {
            return "1 in every row, as there is no number";
        }

        if (feature.IsIndicator)
        {
            return $"1 where {feature.Column} is missing";
        }

        var steps = new List<string> { feature.Column };
        if (feature.ClipLow is not null || feature.ClipHigh is not null)
        {
            steps.Add(string.Create(CultureInfo.InvariantCulture, $"clip to {feature.ClipLow} … {feature.ClipHigh}"));
        }

        if (feature.Log1p)
        {
            steps.Add("log1p");
        }

        if (feature.Borders is { } borders)
        {
            steps.Add(string.Create(CultureInfo.InvariantCulture, $"{borders.Count + 1} quantile bins"));
        }
        else if (feature.Shift != 0 || feature.Divisor != 1)
        {
            steps.Add(string.Create(CultureInfo.InvariantCulture, $"− {feature.Shift:G6}, / {feature.Divisor:G6}"));
        }

        return string.Join(", ", steps);
    }

    private static string Describe(SparseFeature feature) =>
        (feature.Encoding == SparseEncoding.Hash ? $"{feature.Type.ToString().ToLowerInvariant()} by hash"
            : feature.OutOfVocabulary ? string.Create(CultureInfo.InvariantCulture, $"row 0 for values unseen or with fewer than {feature.MinFrequency} training rows")
            : "every value has its own")
        + (feature.IsBag ? $", bags separated by '{feature.Separator}'" : "")
        + (feature.Modulo > 0 ? string.Create(CultureInfo.InvariantCulture, $", modulo {feature.Modulo:N0}") : "");
}
