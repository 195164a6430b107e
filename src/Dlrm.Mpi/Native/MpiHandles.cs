using System.Runtime.InteropServices;

namespace Dlrm.Mpi.Native;

/// <summary>The constants of one implementation of MPI: its handles and special addresses.</summary>
/// <remarks>
/// Open MPI's handles are the addresses of globals that its library exports. MPICH's are 32-bit numbers, fixed by the
/// MPICH ABI, which Intel MPI and Cray MPICH share; passed in a register as wide as an address they are the same call.
/// </remarks>
internal sealed record MpiHandles
{
    /// <summary><c>MPI_COMM_WORLD</c>.</summary>
    public required nint World { get; init; }

    /// <summary><c>MPI_BYTE</c>.</summary>
    public required nint Byte { get; init; }

    /// <summary><c>MPI_FLOAT</c>.</summary>
    public required nint Float { get; init; }

    /// <summary><c>MPI_DOUBLE</c>.</summary>
    public required nint Double { get; init; }

    /// <summary><c>MPI_SUM</c>.</summary>
    public required nint Sum { get; init; }

    /// <summary><c>MPI_ERRORS_RETURN</c>.</summary>
    public required nint ErrorsReturn { get; init; }

    /// <summary><c>MPI_REQUEST_NULL</c>.</summary>
    public required nint NullRequest { get; init; }

    /// <summary><c>MPI_STATUS_IGNORE</c> and <c>MPI_STATUSES_IGNORE</c>.</summary>
    public required nint IgnoreStatus { get; init; }

    /// <summary><c>MPI_IN_PLACE</c>.</summary>
    public required nint InPlace { get; init; }

    /// <summary>Bytes of a handle in an array of requests.</summary>
    public required int RequestBytes { get; init; }

    /// <summary>Those of Open MPI.</summary>
    /// <param name="library">Its loaded library.</param>
    public static MpiHandles OpenMpi(nint library) => new()
    {
        World = NativeLibrary.GetExport(library, "ompi_mpi_comm_world"),
        Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte"),
        Float = NativeLibrary.GetExport(library, "ompi_mpi_float"),
        Double = NativeLibrary.GetExport(library, "ompi_mpi_double"),
        Sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum"),
        ErrorsReturn = NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
        NullRequest = NativeLibrary.GetExport(library, "ompi_request_null"),
        IgnoreStatus = 0,
        InPlace = 1,
        RequestBytes = nint.Size,
    };

    /// <summary>Those of the MPICH ABI.</summary>
    public static MpiHandles Mpich { get; } = new()
    {
        World = 0x44000000,
        Byte = 0x4c00010d,
        Float = 0x4c00040a,
        Double = 0x4c00080b,
        Sum = 0x58000003,
        ErrorsReturn = 0x54000001,
        NullRequest = 0x2c000000,
        IgnoreStatus = 1,
        InPlace = -1,
        RequestBytes = sizeof(int),
    };
}
