using Dlrm.Data.Lines;

namespace Dlrm.Data.Criteo;

/// <summary>What was found in the file, and how it was loaded.</summary>
public sealed record CriteoReadReport
{
    /// <summary>The raw file.</summary>
    public required string File { get; init; }

    /// <summary>How it is packed.</summary>
    public required TextFormat Format { get; init; }

    /// <summary>Its size in bytes, as it lies on disk.</summary>
    public required long FileBytes { get; init; }

    /// <summary>XxHash3 of its bytes, as they lie on disk.</summary>
    public required ulong FileHash { get; init; }

    /// <summary>Good rows in the file.</summary>
    public required long RowsRead { get; init; }

    /// <summary>Rows left after sub-sampling.</summary>
    public required int RowsKept { get; init; }

    /// <summary>Rows kept of each day.</summary>
    public required IReadOnlyList<int> DayRows { get; init; }

    /// <summary>Bad lines left out, by reason.</summary>
    public required IReadOnlyDictionary<BadLineReason, long> SkippedLines { get; init; }

    /// <summary>The first few of them, described.</summary>
    public required IReadOnlyList<string> SkippedExamples { get; init; }

    /// <summary>True when the last line has no line end: the file may have been cut off there.</summary>
    public required bool LastLineUnended { get; init; }

    /// <summary>True when the rows came from the cache and the text was not parsed.</summary>
    public required bool FromCache { get; init; }

    /// <summary>What a person should know about this loading, one line each: lines left out, why the cache was not used, …</summary>
    public required IReadOnlyList<string> Messages { get; init; }

    /// <summary>Bad lines left out.</summary>
    public long SkippedTotal => SkippedLines.Values.Sum();
}
