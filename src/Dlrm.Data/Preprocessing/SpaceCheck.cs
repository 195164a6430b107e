using Dlrm.Data.Lines;
using Dlrm.Memory;

namespace Dlrm.Data.Preprocessing;

/// <summary>Compares what a data set will take on disk with what there is, before hours of work end in a full disk.</summary>
internal static class SpaceCheck
{
    /// <summary>What text of click logs becomes when it is packed, about: bytes of text a byte of the file.</summary>
    private const double Packed = 4;

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="folder">Where the data set goes.</param>
    /// <param name="files">The source.</param>
    /// <param name="bytesPerTextByte">Bytes on disk a byte of text, about.</param>
    /// <exception cref="IOException">There is too little room; the message has the numbers.</exception>
    public static void Require(string folder, IReadOnlyList<string> files, double bytesPerTextByte)
    {
        double text = 0;
        Span<byte> head = stackalloc byte[4];
        foreach (string file in files.Where(file => file != SourceFiles.StandardInput))
        {
            using FileStream stream = File.OpenRead(file);
            int read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            bool packed = TextFormats.IsPacked(head[..read]);
            text += stream.Length * (packed ? Packed : 1);
        }

        Require(folder, (long)(text * bytesPerTextByte));
    }

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="folder">Where the data go.</param>
    /// <param name="needed">Bytes on disk, about.</param>
    /// <exception cref="IOException">There is too little room; the message has the numbers.</exception>
    public static void Require(string folder, long needed)
    {
        string root = Path.GetDirectoryName(Path.GetFullPath(folder)) ?? folder;
        while (!Directory.Exists(root))
        {
            root = Path.GetDirectoryName(root)!;
        }

        long free = new DriveInfo(root).AvailableFreeSpace;
        if (needed > free)
        {
            throw new IOException(
                $"{folder}: the data set and what is needed to make it take about {SystemMemory.Describe(needed)}, but {root} has "
                + $"{SystemMemory.Describe(free)} left. Make room, or name a folder on another disk with --output.");
        }
    }
}
