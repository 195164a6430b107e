using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Scoring.Files;

/// <summary>What to do with a row that cannot be encoded.</summary>
public enum OnBadRow
{
    /// <summary>Stop; the message says where it is and what is wrong.</summary>
    Error,

    /// <summary>Its score is empty, in its place.</summary>
    Null,
}

/// <summary>How files of raw rows are scored.</summary>
public sealed record ScoringOptions
{
    /// <summary>Files, folders or patterns; <c>-</c> is standard input.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>What they are; <see cref="RowFileFormat.Auto"/>: told by their first bytes.</summary>
    public RowFileFormat InputFormat { get; init; }

    /// <summary>Between columns of text; null for what the header has, or training's text had.</summary>
    public char? Delimiter { get; init; }

    /// <summary>True where columns of text may stand in double quotes; null: not in text with tabs.</summary>
    public bool? Quotes { get; init; }

    /// <summary>Columns passed through, before the score.</summary>
    public IReadOnlyList<string> IdColumns { get; init; } = [];

    /// <summary>True to write each row as it stands, with the score behind it.</summary>
    public bool Append { get; init; }

    /// <summary>The format of the scores; <see cref="RowFileFormat.Auto"/>: CSV, or, appended, that of the rows.</summary>
    public RowFileFormat OutputFormat { get; init; }

    /// <summary>What the column of scores is called.</summary>
    public string ScoreColumn { get; init; } = "score";

    /// <summary>What to do with a row that cannot be encoded.</summary>
    public OnBadRow OnBadRow { get; init; }

    /// <summary>True to compare the scores with the labels, which the rows must have.</summary>
    public bool Metrics { get; init; }

    /// <summary>Rows that the model takes at a time, 1 or more; scores do not depend on it.</summary>
    public int BatchRows { get; init; } = 1024;

    /// <summary>The files that are meant.</summary>
    internal IReadOnlyList<string> Files() => SourceFiles.Expand(Inputs);
}
