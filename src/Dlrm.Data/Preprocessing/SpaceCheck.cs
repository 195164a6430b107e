using Dlrm.Data.Lines;
using Dlrm.Memory;

namespace Dlrm.Data.Preprocessing;

/// <summary>Compares what a data set will take of disk and memory with what there is, before hours of work end in a full one.</summary>
internal static class SpaceCheck
{
    /// <summary>What text of click logs becomes when it is packed, about: bytes of text a byte of the file.</summary>
    private const double Packed = 4;

    /// <summary>What to do when there is too little room.</summary>
    private const string MoreRoom = "Make room, or name a folder on another disk with --output.";

    /// <summary>True when the disk was full.</summary>
    public static bool IsFull(IOException exception)
    {
        const int NoSpaceLeft = 28; // ENOSPC
        const int DiskFull = unchecked((int)0x80070070); // ERROR_DISK_FULL
        return exception.HResult is NoSpaceLeft or DiskFull;
    }

    /// <summary>What a person should know who has a full disk.</summary>
    public static IOException Full(string output, IOException exception) => new(
        $"{exception.Message.TrimEnd('.')}. What was written of {output} is removed again, and what was there before is as it was. {MoreRoom}", exception);

    /// <summary>Bytes of text in the source, about; standard input counts as none.</summary>
    public static double TextBytes(IReadOnlyList<string> files)
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

        return text;
    }

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="output">Where the data set goes; what an earlier process left there counts as room.</param>
    /// <param name="disk">Bytes on disk, about.</param>
    /// <param name="memory">Bytes in memory at most, about.</param>
    /// <param name="remedy">What to do when there is too little memory.</param>
    /// <returns>What is needed and what there is, for people.</returns>
    /// <exception cref="IOException">There is too little room; the message has the numbers.</exception>
    /// <exception cref="InsufficientMemoryException">There is too little memory; the message has the numbers.</exception>
    public static string Require(OutputFolder output, long disk, long memory, string remedy)
    {
        long kept = Directory.Exists(output.Work)
            ? new DirectoryInfo(output.Work).EnumerateFiles().Sum(file => file.Length)
            : 0;
        long free = RequireDisk(output.FullPath, disk, kept);
        return memory > SystemMemory.AvailableBytes
            ? throw new InsufficientMemoryException(
                $"{output.FullPath}: making the data set takes up to {SystemMemory.Describe(memory)} of memory, but there are "
                + $"{SystemMemory.Describe(SystemMemory.AvailableBytes)}. {remedy}")
            : $"Needs about {SystemMemory.Describe(disk)} of disk ({SystemMemory.Describe(free)} are free) and up to "
                + $"{SystemMemory.Describe(memory)} of memory ({SystemMemory.Describe(SystemMemory.AvailableBytes)} are there).";
    }

    /// <summary>Refuses what the disk cannot hold.</summary>
    /// <param name="path">Where the data go.</param>
    /// <param name="needed">Bytes, about.</param>
    /// <param name="kept">Bytes of what an earlier process left there, which count as room.</param>
    /// <returns>Bytes that there are.</returns>
    /// <exception cref="IOException">There is too little room; the message has the numbers.</exception>
    public static long RequireDisk(string path, long needed, long kept = 0)
    {
        string root = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        while (!Directory.Exists(root))
        {
            root = Path.GetDirectoryName(root)!;
        }

        long free = new DriveInfo(root).AvailableFreeSpace + kept;
        return needed <= free
            ? free
            : throw new IOException(
                $"{path}: the data set and what is needed to make it take about {SystemMemory.Describe(needed)}, but {root} has "
                + $"{SystemMemory.Describe(free)} left. {MoreRoom}");
    }
}
