using System.Runtime.InteropServices;

namespace Dlrm.Mpi.Native;

/// <summary>The few calls of the C library that .NET does not offer.</summary>
internal static partial class SystemCalls
{
    /// <summary>Signal 1 of the user's: what a launcher sends to ask for an end (the numbers differ between systems).</summary>
    public static int UserSignal => OperatingSystem.IsMacOS() ? 30 : 10;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>Gives the processor away for at least so long.</summary>
    /// <param name="microseconds">Below a million.</param>
    [LibraryImport("libc", EntryPoint = "usleep")]
    public static partial int Sleep(uint microseconds);

    /// <summary>Ends the process without running anything else: for a process whose threads may be stuck in MPI.</summary>
    /// <param name="code">The exit code.</param>
    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void ExitNow(int code);

    /// <summary>Sends a signal; with signal 0, asks whether the process is there.</summary>
    /// <param name="process">Its number; negative for a group of processes.</param>
    /// <param name="signal">The signal's number.</param>
    /// <returns>0 when it was sent.</returns>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Signal(int process, int signal);
}
