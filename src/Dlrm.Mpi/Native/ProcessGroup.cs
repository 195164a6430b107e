using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace Dlrm.Mpi.Native;

/// <summary>A child process that leads a group of its own, so that Ctrl-C in the terminal reaches this process alone.</summary>
/// <remarks>
/// .NET starts children in its own group; mpirun there would take the terminal's SIGINT itself and end the ranks within a
/// second, before they have saved anything.
/// </remarks>
internal sealed unsafe partial class ProcessGroup
{
    private const short SetGroup = 2; // POSIX_SPAWN_SETPGROUP
    private const short DefaultSignals = 4; // POSIX_SPAWN_SETSIGDEF
    private const short SignalMask = 8; // POSIX_SPAWN_SETSIGMASK
    private const int Interrupted = 4; // EINTR

    /// <summary>More than glibc's, musl's or macOS's structures for attributes, actions and sets of signals.</summary>
    private const int Room = 1024;

    private ProcessGroup(int process) => Process = process;

    /// <summary>The child's number, and that of its group.</summary>
    public int Process { get; }

    /// <summary>Starts a program with this process's output streams, and no input.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Without the program.</param>
    /// <param name="environment">Variables besides this process's.</param>
    /// <exception cref="IOException">It does not start.</exception>
    public static ProcessGroup Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        byte* attributes = stackalloc byte[Room];
        byte* actions = stackalloc byte[Room];
        byte* signals = stackalloc byte[Room];
        byte** argv = Strings([program, .. arguments]);
        byte** envp = Strings(Variables(environment));
        int process;
        try
        {
            // The runtime ignores some signals; ignoring is inherited where handlers are not.
            _ = InitAttributes(attributes);
            _ = FillSet(signals);
            _ = SetDefaults(attributes, signals);
            _ = EmptySet(signals);
            _ = SetMask(attributes, signals);
            _ = SetProcessGroup(attributes, 0);
            _ = SetFlags(attributes, SetGroup | DefaultSignals | SignalMask);
            _ = InitActions(actions);
            _ = AddOpen(actions, 0, "/dev/null", 0, 0);
            int failure = Spawn(&process, program, actions, attributes, argv, envp);
            _ = DestroyActions(actions);
            _ = DestroyAttributes(attributes);
            if (failure != 0)
            {
                throw new IOException($"{program} does not start: {Marshal.GetPInvokeErrorMessage(failure)}.");
            }
        }
        finally
        {
            Free(argv);
            Free(envp);
        }

        return new ProcessGroup(process);
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code; 128 and the signal where one ended it, as shells count.</returns>
    public int Wait()
    {
        int status;
        while (WaitFor(Process, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                return 1;
            }
        }

        int signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    private static IEnumerable<string> Variables(IReadOnlyDictionary<string, string> more)
    {
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (!more.ContainsKey((string)entry.Key))
            {
                yield return $"{entry.Key}={entry.Value}";
            }
        }

        foreach ((string name, string value) in more)
        {
            yield return $"{name}={value}";
        }
    }

    private static byte** Strings(IEnumerable<string> texts)
    {
        string[] all = [.. texts];
        byte** pointers = (byte**)NativeMemory.AllocZeroed((nuint)all.Length + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < all.Length; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(all[i] + '\0');
            pointers[i] = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
            bytes.CopyTo(new Span<byte>(pointers[i], bytes.Length));
        }

        return pointers;
    }

    private static void Free(byte** pointers)
    {
        for (byte** pointer = pointers; *pointer != null; pointer++)
        {
            NativeMemory.Free(*pointer);
        }

        NativeMemory.Free(pointers);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(int* process, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    private static partial int SetProcessGroup(byte* attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial int FillSet(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySet(byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(byte* actions, int descriptor, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitFor(int process, int* status, int options);
}
