using System.Globalization;

namespace Dlrm.Mpi.Launching;

/// <summary>What started this process as one rank of a job: told by environment variables, before MPI is loaded.</summary>
/// <param name="Launcher">Who, for messages: <c>mpirun</c>, <c>mpiexec</c>, <c>srun</c>.</param>
/// <param name="Rank">This rank.</param>
/// <param name="Size">Ranks in the job; null where only the library knows.</param>
/// <param name="IsMpich">True where MPICH's launcher started it, so that its library is the one to load.</param>
public sealed record LaunchEnvironment(string Launcher, int Rank, int? Size, bool IsMpich)
{
    /// <summary>Looks at the variables of this process.</summary>
    /// <returns>Null when nothing started it as a rank, or as the only one: then MPI is not touched.</returns>
    public static LaunchEnvironment? Detect() => Detect(Environment.GetEnvironmentVariable);

    /// <summary>Looks at variables.</summary>
    /// <param name="variable">A variable's value by name, or null.</param>
    /// <returns>Null when they tell of no job, or of a job of one.</returns>
    public static LaunchEnvironment? Detect(Func<string, string?> variable)
    {
        int? Number(string name) =>
            int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

        int? tasks = Number("SLURM_STEP_NUM_TASKS") ?? Number("SLURM_NTASKS");
        LaunchEnvironment? found =
            Number("OMPI_COMM_WORLD_RANK") is { } ompi ? new("mpirun", ompi, Number("OMPI_COMM_WORLD_SIZE"), false)
            : Number("PMI_RANK") is { } pmi ? new(
                tasks is null ? "mpiexec" : "srun", pmi, Number("PMI_SIZE") ?? tasks, tasks is null)
            : Number("PMIX_RANK") is { } pmix ? new(tasks is null ? "prterun" : "srun", pmix, tasks, false)
            : null;
        return found is { Size: 1 } ? null : found;
    }
}
