using System.Text;

namespace Dlrm.Data.Preprocessing;

/// <summary>Where in a row the columns of a schema stand.</summary>
internal sealed class RowLayout
{
    /// <summary>Looks the columns up in a header.</summary>
    /// <param name="names">The header's names.</param>
    /// <param name="schema">The columns wanted.</param>
    /// <param name="split">May want one more.</param>
    /// <param name="file">For messages.</param>
    /// <exception cref="BadDataException">A column is missing, or stands twice.</exception>
    public RowLayout(IReadOnlyList<string> names, DataSchema schema, SplitRule split, string file)
    {
        Names = names;
        int Of(string column)
        {
            int[] places = [.. Enumerable.Range(0, names.Count).Where(place => names[place] == column)];
            return places.Length == 1
                ? places[0]
                : throw new BadDataException(
                    file,
                    places.Length == 0
                        ? $"has no column '{column}'; its columns are {string.Join(", ", names.Take(60))}."
                        : $"has {places.Length} columns '{column}': rename all but one.");
        }

        Label = Of(schema.Label);
        Dense = [.. schema.Dense.Select(column => Of(column.Column))];
        Sparse = [.. schema.Sparse.Select(column => Of(column.Column))];
        Weight = schema.Weight is { } weight ? Of(weight) : -1;
        Group = schema.Group is { } group ? Of(group) : -1;
        Split = split.Column.Length > 0 ? Of(split.Column) : -1;
        Rule = split;
        Schema = schema;
        Positive = [.. schema.Positive.Select(Encoding.UTF8.GetBytes)];
        Missing = [.. schema.Missing.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>Columns that are looked up elsewhere.</summary>
    /// <param name="names">The names.</param>
    public RowLayout(IReadOnlyList<string> names)
    {
        Names = names;
        (Label, Weight, Group, Split) = (-1, -1, -1, -1);
        (Dense, Sparse, Positive, Missing) = ([], [], [], []);
        Schema = new DataSchema { Label = "" };
        Rule = SplitRule.Parse("fraction:1");
    }

    /// <summary>What the columns are.</summary>
    public DataSchema Schema { get; }

    /// <summary>Names of all columns.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Field of the label, −1 for none.</summary>
    public int Label { get; }

    /// <summary>Fields of the dense features.</summary>
    public int[] Dense { get; }

    /// <summary>Fields of the categorical features.</summary>
    public int[] Sparse { get; }

    /// <summary>Field of the weight, −1 for none.</summary>
    public int Weight { get; }

    /// <summary>Field of the group, −1 for none.</summary>
    public int Group { get; }

    /// <summary>Field that decides the part, −1 for none.</summary>
    public int Split { get; }

    /// <summary>How that field decides it.</summary>
    public SplitRule Rule { get; }

    /// <summary>Labels that count as 1.</summary>
    public byte[][] Positive { get; }

    /// <summary>Texts that mean a missing number.</summary>
    public byte[][] Missing { get; }
}
