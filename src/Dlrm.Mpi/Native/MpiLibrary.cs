using System.Runtime.InteropServices;
using System.Text;
using Dlrm.Distributed;

namespace Dlrm.Mpi.Native;

/// <summary>The functions of the installed MPI library, and its constants.</summary>
/// <remarks>
/// Every handle is an <see cref="nint"/>: an address for Open MPI, a number for MPICH. Each function returns 0 or an
/// error code, which <see cref="Check"/> turns into an exception with the library's own words.
/// </remarks>
internal sealed unsafe class MpiLibrary
{
    /// <summary>Where to look for the library: a name or a path, before the usual names.</summary>
    public const string Variable = "DLRM_MPI_LIBRARY";

    /// <summary><c>MPI_THREAD_SERIALIZED</c>: any thread may call, one at a time.</summary>
    public const int Serialized = 2;

    /// <summary>Room for the text of an error: more than <c>MPI_MAX_ERROR_STRING</c> of either implementation.</summary>
    private const int ErrorText = 2048;

    private static readonly string[] OpenMpiNames = ["libmpi.so.40", "libmpi.so.80", "libmpi.40.dylib", "libmpi.80.dylib"];
    private static readonly string[] MpichNames = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];

    private readonly delegate* unmanaged<int, byte*, int*, int> _errorString;

    private MpiLibrary(nint library, bool mpich)
    {
        IsMpich = mpich;
        Handles = mpich ? MpiHandles.Mpich : MpiHandles.OpenMpi(library);
        InitThread = (delegate* unmanaged<void*, void*, int, int*, int>)NativeLibrary.GetExport(library, "MPI_Init_thread");
        Initialized = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "MPI_Initialized");
        Complete = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, "MPI_Finalize");
        Abort = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "MPI_Abort");
        Rank = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_rank");
        Size = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_size");
        SetErrorHandler = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Comm_set_errhandler");
        Send = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Isend");
        Receive = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Irecv");
        AllReduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Iallreduce");
        Test = (delegate* unmanaged<nint*, int*, nint, int>)NativeLibrary.GetExport(library, "MPI_Test");
        TestAll = (delegate* unmanaged<int, nint*, int*, nint, int>)NativeLibrary.GetExport(library, "MPI_Testall");
        _errorString = (delegate* unmanaged<int, byte*, int*, int>)NativeLibrary.GetExport(library, "MPI_Error_string");
    }

    /// <summary>True for the MPICH ABI, false for Open MPI.</summary>
    public bool IsMpich { get; }

    /// <summary>Its constants.</summary>
    public MpiHandles Handles { get; }

    /// <summary><c>MPI_Init_thread(argc, argv, required, provided)</c>.</summary>
    public delegate* unmanaged<void*, void*, int, int*, int> InitThread { get; }

    /// <summary><c>MPI_Initialized(flag)</c>.</summary>
    public delegate* unmanaged<int*, int> Initialized { get; }

    /// <summary><c>MPI_Finalize()</c>.</summary>
    public delegate* unmanaged<int> Complete { get; }

    /// <summary><c>MPI_Abort(comm, code)</c>.</summary>
    public delegate* unmanaged<nint, int, int> Abort { get; }

    /// <summary><c>MPI_Comm_rank(comm, rank)</c>.</summary>
    public delegate* unmanaged<nint, int*, int> Rank { get; }

    /// <summary><c>MPI_Comm_size(comm, size)</c>.</summary>
    public delegate* unmanaged<nint, int*, int> Size { get; }

    /// <summary><c>MPI_Comm_set_errhandler(comm, handler)</c>.</summary>
    public delegate* unmanaged<nint, nint, int> SetErrorHandler { get; }

    /// <summary><c>MPI_Isend(buffer, count, type, to, tag, comm, request)</c>.</summary>
    public delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> Send { get; }

    /// <summary><c>MPI_Irecv(buffer, count, type, from, tag, comm, request)</c>.</summary>
    public delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> Receive { get; }

    /// <summary><c>MPI_Iallreduce(send, receive, count, type, op, comm, request)</c>: what ours is measured against.</summary>
    public delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int> AllReduce { get; }

    /// <summary><c>MPI_Test(request, flag, status)</c>.</summary>
    public delegate* unmanaged<nint*, int*, nint, int> Test { get; }

    /// <summary><c>MPI_Testall(count, requests, flag, statuses)</c>.</summary>
    public delegate* unmanaged<int, nint*, int*, nint, int> TestAll { get; }

    /// <summary>Loads the library of this machine.</summary>
    /// <param name="mpich">True to look for MPICH first: what started this process was MPICH's.</param>
    /// <exception cref="CommunicationException">None is installed; the message says what to install.</exception>
    public static MpiLibrary Load(bool mpich)
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
        {
            return NativeLibrary.TryLoad(named, out nint given)
                ? Of(given)
                : throw new CommunicationException($"{Variable}={named} cannot be loaded. {MpiInstallation.Advice}");
        }

        foreach (string name in mpich ? [.. MpichNames, .. OpenMpiNames] : OpenMpiNames.Concat(MpichNames))
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return Of(library);
            }
        }

        throw new CommunicationException($"MPI is not installed: none of {string.Join(", ", OpenMpiNames.Concat(MpichNames))} is there. {MpiInstallation.Advice}");
    }

    /// <summary>Turns an error code into an exception.</summary>
    /// <param name="code">What a function returned.</param>
    /// <param name="what">What was being done, for the message.</param>
    /// <exception cref="CommunicationException">The code is not 0.</exception>
    public void Check(int code, string what)
    {
        if (code != 0)
        {
            throw new CommunicationException($"{what}: MPI says: {Describe(code)} (code {code}).");
        }
    }

    private static MpiLibrary Of(nint library) =>
        new(library, mpich: !NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _));

    private string Describe(int code)
    {
        byte* text = stackalloc byte[ErrorText];
        int length = 0;
        return _errorString(code, text, &length) == 0 ? Encoding.UTF8.GetString(text, Math.Clamp(length, 0, ErrorText)).TrimEnd() : "unknown error";
    }
}
