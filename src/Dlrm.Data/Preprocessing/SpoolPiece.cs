using System.Text.Json.Serialization;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>A finished spool file.</summary>
/// <param name="Spool">Its name.</param>
/// <param name="SpoolHash">Its XxHash3.</param>
/// <param name="Gains">The file of what the dictionaries gained since the last piece, or since their generation began.</param>
/// <param name="GainsHash">Its XxHash3.</param>
internal sealed record SpoolPiece(string Spool, string SpoolHash, string Gains, string GainsHash) : IJournalPiece
{
    /// <summary>The source file in which the next piece begins.</summary>
    public required int Source { get; init; }

    /// <summary>Bytes of its text before that, the header not counted.</summary>
    public required long TextBytes { get; init; }

    /// <summary>Lines before it, the header's counted; 0 at the file's start.</summary>
    public required long Lines { get; init; }

    /// <summary>Rows of all files before it.</summary>
    public required long Rows { get; init; }

    /// <summary>Rows before the source file that it begins in.</summary>
    public required long RowsBeforeSource { get; init; }

    /// <summary>The blocks of this piece.</summary>
    public required IReadOnlyList<SpoolBlock> Blocks { get; init; }

    /// <summary>Files read to their end in this piece.</summary>
    public required IReadOnlyList<SourceEntry> Sources { get; init; }

    /// <summary>Generations that ended in this piece: values by column.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Generations { get; init; }

    /// <summary>Their files, with XxHash3.</summary>
    public required IReadOnlyDictionary<string, string> GenerationFiles { get; init; }

    /// <summary>Rows left out so far, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Those of this piece, described.</summary>
    public required IReadOnlyList<string> Rejects { get; init; }

    /// <summary>What else is to be told of this piece.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Hashes =>
        new Dictionary<string, string>(GenerationFiles) { [Spool] = SpoolHash, [Gains] = GainsHash };
}
