using System.IO.Compression;

namespace Dlrm.Tests.Golden;

/// <summary>Finds the packed golden traces, from any test project of this repository.</summary>
internal static class GoldenFiles
{
    /// <summary>The folder that pack_golden.py writes.</summary>
    public static string Folder { get; } = Find();

    /// <summary>Made-up rows in the Kaggle format, read by the criteo-* cases, gzip'd.</summary>
    public static string CriteoTiny => Path.Combine(Folder, "criteo-tiny.tsv.gz");

    /// <summary>Opens a case, unpacked.</summary>
    /// <param name="name">E.g. <c>readme</c>.</param>
    public static Stream Open(string name)
        => new GZipStream(File.OpenRead(Path.Combine(Folder, name + ".json.gz")), CompressionMode.Decompress);

    private static string Find()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string cases = Path.Combine(folder, "tests", "Dlrm.Tests", "Golden", "cases");
            if (Directory.Exists(cases))
            {
                return cases;
            }
        }

        throw new DirectoryNotFoundException(
            $"tests/Dlrm.Tests/Golden/cases stands in no folder above {AppContext.BaseDirectory}: run the tests inside a clone of the repository.");
    }
}
