using System.Text.Json.Serialization;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Criteo;

/// <summary>A finished piece of Criteo's rows.</summary>
/// <param name="File">Its rows.</param>
/// <param name="Gains">The file of what the vocabularies gained.</param>
/// <param name="GainsHash">Its XxHash3.</param>
/// <param name="Source">The source file in which the next piece begins.</param>
/// <param name="TextBytes">Bytes of text before it there.</param>
/// <param name="Lines">Lines before it there.</param>
/// <param name="RowsRead">Rows of all files before it, dropped ones included.</param>
internal sealed record CriteoPiece(
    RowFileEntry File, string Gains, string GainsHash, int Source, long TextBytes, long Lines, long RowsRead) : IJournalPiece
{
    /// <inheritdoc/>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Hashes =>
        new Dictionary<string, string> { [File.Name] = File.XxHash3, [Gains] = GainsHash };

    /// <summary>Rows of each source file so far, as they were read and as they were kept.</summary>
    public required IReadOnlyList<SourceRows> Sources { get; init; }

    /// <summary>Rows left out so far, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Those of this piece, described.</summary>
    public IReadOnlyList<string> Rejects { get; init; } = [];
}

/// <summary>Rows of a source file.</summary>
/// <param name="Read">Good rows in it.</param>
/// <param name="Kept">Those that were not dropped.</param>
/// <param name="Bytes">Its length, once it was read to the end; else 0.</param>
/// <param name="XxHash3">Its hash, once it was read to the end; else empty.</param>
internal sealed record SourceRows(long Read, long Kept, long Bytes, string XxHash3);
