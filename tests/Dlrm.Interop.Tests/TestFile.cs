namespace Dlrm.Interop.Tests;

/// <summary>Files of TestData, and files for the time of a test.</summary>
internal sealed class TestFile : IDisposable
{
    private TestFile(string name)
    {
        Folder = System.IO.Directory.CreateTempSubdirectory("dlrm-interop-").FullName;
        Path = System.IO.Path.Combine(Folder, name);
    }

    public string Folder { get; }

    public string Path { get; }

    /// <summary>A path in a folder of its own.</summary>
    public static TestFile Named(string name) => new(name);

    public static TestFile With(string name, ReadOnlySpan<byte> content)
    {
        var file = new TestFile(name);
        File.WriteAllBytes(file.Path, content);
        return file;
    }

    /// <summary>A copy of one of TestData.</summary>
    public static TestFile Copy(string name) => With(name, Read(name));

    public static byte[] Read(string name)
    {
        using Stream stream = typeof(TestFile).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException(name);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    public string Beside(string name) => System.IO.Path.Combine(Folder, name);

    public void Dispose() => System.IO.Directory.Delete(Folder, recursive: true);
}
