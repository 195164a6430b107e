namespace Dlrm.Mpi;

/// <summary>What to tell whoever asks for ranks where MPI is not installed.</summary>
public static class MpiInstallation
{
    /// <summary>What to install, by system.</summary>
    public static string Advice =>
        "Install Open MPI: on Debian and Ubuntu apt-get install openmpi-bin libopenmpi3 (libopenmpi40 from Debian 13 on), on "
        + "Fedora dnf install openmpi (then: module load mpi), on macOS brew install open-mpi. One process needs no MPI.";
}
