namespace Dlrm.Tests.Checkpoints;

/// <summary>A folder of its own for one test, removed afterwards.</summary>
internal sealed class TemporaryFolder(string? parent = null) : IDisposable
{
    public string Root { get; } = parent is null
        ? Directory.CreateTempSubdirectory("dlrm-test-").FullName
        : Directory.CreateDirectory($"{parent}/dlrm-test-{Guid.NewGuid():N}").FullName;

    /// <summary>In a file system that is kept in memory, where there is one: for tests that often write through to the disk.</summary>
    public static TemporaryFolder InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);

    public string At(string name) => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
