using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>A file of rows of the reference or of TorchRec, read from the beginning to the end.</summary>
internal abstract class ReferenceInput : IDisposable
{
    /// <summary>Rows.</summary>
    public abstract long Rows { get; }

    /// <summary>Rows of the day or days in it.</summary>
    public virtual IReadOnlyList<long> Days => [Rows];

    /// <summary>(T): rows of the tables, where the file says them; else null.</summary>
    public virtual IReadOnlyList<int>? TableRows => null;

    /// <summary>(T): lookups a row of each table.</summary>
    public virtual IReadOnlyList<int> Hot { get; } = [.. Enumerable.Repeat(1, CriteoColumns.Categorical)];

    /// <summary>Fills columns with the next rows.</summary>
    /// <param name="columns">With room for <paramref name="count"/> rows.</param>
    /// <param name="count">How many.</param>
    public abstract void Read(RowBuffers columns, int count);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Opens a file by its name: .npz, .bin, or TorchRec's day_N_labels.npy with the files beside it.</summary>
    /// <exception cref="BadDataException">It is none of them, or damaged.</exception>
    public static ReferenceInput Open(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".bin" => new BinaryInput(path),
        ".npz" => new NpzInput(path),
        ".npy" => new TorchRecInput(path),
        _ => throw new BadDataException(path, "is none of the reference's files: expected .npz, .bin, or TorchRec's day_N_labels.npy."),
    };

    /// <summary>The batches' number of a count: the reference sets negative ones to 0 before.</summary>
    protected static float Dense(int count) => LogarithmOfOnePlus.Of(count);
}
