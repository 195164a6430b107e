namespace Dlrm.Data.Preprocessing;

/// <summary>What to make a data set of, and how.</summary>
public sealed record PreprocessOptions
{
    /// <summary>Files, folders, patterns such as <c>day_*.csv.gz</c>; <c>-</c> is standard input.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The folder to make.</summary>
    public required string Output { get; init; }

    /// <summary>What the columns are.</summary>
    public required DataSchema Schema { get; init; }

    /// <summary>How rows are divided into parts; see <see cref="SplitRule.Parse"/>.</summary>
    public string Split { get; init; } = "fraction:0.8";

    /// <summary>Between fields; null: tab if the header has one, else comma.</summary>
    public char? Delimiter { get; init; }

    /// <summary>Fields may stand in double quotes; null: with commas they may, with tabs not.</summary>
    public bool? Quotes { get; init; }

    /// <summary>What to do with a row that cannot be read.</summary>
    public OnBadLine OnBadLine { get; init; }

    /// <summary>Threads; 0 for as many as the process may use. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Bytes that vocabularies may take in memory before they go to disk; 0 for no limit.</summary>
    public long MemoryLimit { get; init; }

    /// <summary>Bytes of rows after which what is done is written down, so that a killed process can go on there.</summary>
    internal long PieceBytes { get; init; } = 1 << 26;

    /// <summary>Bytes of a file of the data set, about; finished ones are kept when the process ends early.</summary>
    internal long FileBytes { get; init; } = 1 << 29;

    /// <summary>Rows of a record batch.</summary>
    internal int BatchRows { get; init; } = PartWriter.BatchRows;

    /// <summary>Told, before the work begins, what disk and memory it needs and what there is; null for nobody.</summary>
    public Action<string>? Announce { get; init; }

    /// <summary>Replaces a data set that is there and was made otherwise.</summary>
    public bool Overwrite { get; init; }
}
