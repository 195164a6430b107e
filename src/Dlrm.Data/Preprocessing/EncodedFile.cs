using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>A finished file of the data set, in the journal.</summary>
/// <param name="Part">The number of its part.</param>
/// <param name="File">The file.</param>
internal sealed record EncodedFile(int Part, RowFileEntry File)
{
    /// <summary>What tells its line from a piece's.</summary>
    public const string LineStart = "{\"Part\":";
}
