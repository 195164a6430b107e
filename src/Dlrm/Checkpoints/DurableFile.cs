using System.Runtime.InteropServices;

namespace Dlrm.Checkpoints;

/// <summary>What .NET does not offer for files that must survive a crash: the one place here that calls the system.</summary>
internal static partial class DurableFile
{
    private const int CurrentFolder = -100; // AT_FDCWD, Linux
    private const uint Exchange = 2; // RENAME_EXCHANGE, Linux
    private const int CloseOnExec = 0x80000; // O_CLOEXEC, Linux; O_RDONLY is 0
    private const int InvalidArgument = 22; // EINVAL: the file system does not flush folders

    /// <summary>Makes the names inside a folder durable. Windows does so by itself.</summary>
    /// <exception cref="IOException">The system could not.</exception>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int folder = Open(path, OperatingSystem.IsLinux() ? CloseOnExec : 0);
        if (folder < 0)
        {
            throw Failure("open", path);
        }

        try
        {
            if (Flush(folder) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
            {
                throw Failure("flush", path);
            }
        }
        finally
        {
            _ = Close(folder);
        }
    }

    /// <summary>Exchanges the names of two folders in one step, so that neither is ever missing.</summary>
    /// <returns>False where the system or the file system cannot.</returns>
    public static bool TryExchange(string first, string second)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            return Rename(CurrentFolder, first, CurrentFolder, second, Exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // a C library from before 2018
        }
    }

    private static IOException Failure(string action, string path)
        => new($"Could not {action} the folder {path}: {Marshal.GetLastPInvokeErrorMessage()}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Flush(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Rename(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);
}
