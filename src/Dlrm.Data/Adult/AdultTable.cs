using System.Globalization;
using System.IO.Compression;
using System.Reflection;

namespace Dlrm.Data.Adult;

/// <summary>The embedded file as columns.</summary>
internal sealed class AdultTable
{
    /// <summary>The label's column.</summary>
    public const string LabelName = "income";

    /// <summary>What stands there for 1.</summary>
    public const string Positive = ">50K";

    private const string Resource = "Dlrm.Data.Adult.adult.csv.gz";
    private const int Columns = 15;

    /// <summary>Column of the label.</summary>
    private const int Income = 14;

    private static readonly int[] DenseColumns = [0, 2, 4, 10, 11, 12];
    private static readonly int[] CategoricalColumns = [1, 3, 5, 6, 7, 8, 9, 13];

    private AdultTable(string[] header)
    {
        DenseNames = [.. DenseColumns.Select(column => header[column])];
        CategoricalNames = [.. CategoricalColumns.Select(column => header[column])];
        Dense = [.. DenseColumns.Select(_ => new List<int>())];
        Categorical = [.. CategoricalColumns.Select(_ => new List<string>())];
    }

    /// <summary>Names of the whole numbers.</summary>
    public string[] DenseNames { get; }

    /// <summary>Names of the categories.</summary>
    public string[] CategoricalNames { get; }

    /// <summary>1 for an income above 50,000 dollars a year.</summary>
    public List<float> Labels { get; } = [];

    /// <summary>Whole numbers by column.</summary>
    public List<int>[] Dense { get; }

    /// <summary>Values by column; <c>?</c> is one.</summary>
    public List<string>[] Categorical { get; }

    /// <summary>Reads the embedded file.</summary>
    public static AdultTable Read()
    {
        using Stream packed = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!;
        using var text = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        var table = new AdultTable(text.ReadLine()!.Split(','));
        Span<Range> fields = stackalloc Range[Columns + 1];
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> lookup =
            known.GetAlternateLookup<ReadOnlySpan<char>>();
        while (text.ReadLine() is string line)
        {
            int count = line.AsSpan().Split(fields, ',');
            if (count != Columns)
            {
                throw new InvalidOperationException($"The embedded sample is damaged: '{line}' has {count} fields.");
            }

            table.Labels.Add(line.AsSpan(fields[Income]).SequenceEqual(Positive) ? 1 : 0);
            for (int column = 0; column < DenseColumns.Length; column++)
            {
                table.Dense[column].Add(
                    int.Parse(line.AsSpan(fields[DenseColumns[column]]), NumberStyles.None, CultureInfo.InvariantCulture));
            }

            for (int column = 0; column < CategoricalColumns.Length; column++)
            {
                // A hundred different values stand in a quarter of a million fields: each becomes one string.
                ReadOnlySpan<char> value = line.AsSpan(fields[CategoricalColumns[column]]);
                if (!lookup.TryGetValue(value, out string? shared))
                {
                    shared = value.ToString();
                    known.Add(shared, shared);
                }

                table.Categorical[column].Add(shared);
            }
        }

        return table;
    }
}
