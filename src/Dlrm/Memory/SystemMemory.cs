using System.Globalization;
using System.Runtime.InteropServices;

namespace Dlrm.Memory;

/// <summary>The one place that asks the operating system for memory and knows how much of it there is.</summary>
public static unsafe partial class SystemMemory
{
    /// <summary>Every allocation starts on a cache line, which is also the widest vector.</summary>
    public const int Alignment = 64;

    /// <summary>Blocks this large are aligned to a huge page and marked for them.</summary>
    private const long HugePage = 2L << 20;

    private const int AdviseHugePage = 14; // MADV_HUGEPAGE, Linux

    /// <summary>Bytes this process may use: the machine's memory or the container's limit, whichever is less.</summary>
    public static long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Bytes in the unit a person reads, e.g. <c>1.53 GiB</c>.</summary>
    /// <param name="bytes">A size.</param>
    public static string Describe(long bytes) => bytes switch
    {
        < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.00} GiB"),
    };

    internal static void* Allocate(long bytes)
    {
        long alignment = bytes >= HugePage ? HugePage : Alignment;
        void* block;
        try
        {
            block = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), (nuint)alignment);
        }
        catch (OutOfMemoryException)
        {
            throw new InsufficientMemoryException(
                $"The system refused {Describe(bytes)} of memory ({Describe(AvailableBytes)} are there in all).");
        }

        if (bytes >= HugePage && OperatingSystem.IsLinux())
        {
            // Only advice: where the kernel has no huge pages, small ones do.
            _ = Advise(block, (nuint)bytes, AdviseHugePage);
        }

        NativeMemory.Clear(block, (nuint)Math.Max(bytes, Alignment));
        return block;
    }

    internal static void Free(void* block, long bytes)
    {
        _ = bytes;
        NativeMemory.AlignedFree(block);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
