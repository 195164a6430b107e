using System.Text.Json.Nodes;

namespace Dlrm.Data.Generating;

/// <summary>Where generated rows go. Disposed without <see cref="Complete"/>, it leaves nothing behind.</summary>
internal abstract class RowSink : IDisposable
{
    /// <summary>Does what the workers can share: brings a block into the format. Called for different blocks at once.</summary>
    public abstract void Prepare(GeneratedBlock block);

    /// <summary>Writes a block. Called in the order of the rows.</summary>
    public abstract void Write(GeneratedBlock block);

    /// <summary>Ends the file, and gives it its name.</summary>
    /// <param name="report">What is told about it, to be kept beside or inside it.</param>
    public abstract void Complete(JsonObject report);

    /// <inheritdoc/>
    public abstract void Dispose();
}
