namespace Dlrm.Data;

/// <summary>A source whose next batch depends on what was read before: a checkpoint holds where it stands.</summary>
/// <remarks>
/// Sources whose batch follows from its number alone, or that draw anew at batch 0 whatever went before, need not be one.
/// A source for tests is never asked: a test pass begins at batch 0 and must not depend on the passes before.
/// </remarks>
public interface IResumableSource : IBatchSource
{
    /// <summary>Bytes of a position; small, and the same for the life of the source.</summary>
    int PositionBytes { get; }

    /// <summary>Writes where the source stands after the batch read last. Called after every batch; allocates nothing.</summary>
    /// <param name="position"><see cref="PositionBytes"/> bytes, little-endian whatever the machine.</param>
    void SavePosition(Span<byte> position);

    /// <summary>Stands where <see cref="SavePosition"/> was called: the batch after that one comes next.</summary>
    /// <param name="position">What it wrote, perhaps in another process.</param>
    /// <exception cref="ArgumentException">It is not a position of this kind of source.</exception>
    void RestorePosition(ReadOnlySpan<byte> position);
}
