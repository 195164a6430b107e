using Dlrm.Mpi.Launching;
using Xunit;

namespace Dlrm.Mpi.Tests;

public sealed class LaunchEnvironmentTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4 PMIX_RANK=2", "mpirun", 2, 4, false)]
    [InlineData("PMI_RANK=1 PMI_SIZE=3", "mpiexec", 1, 3, true)]
    [InlineData("PMIX_RANK=5 SLURM_STEP_NUM_TASKS=8 SLURM_NTASKS=16", "srun", 5, 8, false)]
    [InlineData("PMI_RANK=1 PMI_SIZE=2 SLURM_NTASKS=2", "srun", 1, 2, false)]
    [InlineData("PMIX_RANK=0", "prterun", 0, null, false)]
    public void A_launcher_is_known_by_its_variables(string variables, string launcher, int rank, int? size, bool mpich) =>
        Assert.Equal(new LaunchEnvironment(launcher, rank, size, mpich), Detect(variables));

    [Theory]
    [InlineData("")]
    [InlineData("SLURM_NTASKS=8")]
    [InlineData("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1")]
    public void No_job_or_one_of_one_is_none(string variables) => Assert.Null(Detect(variables));

    private static LaunchEnvironment? Detect(string variables)
    {
        var map = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(pair => pair.Split('=')[0], pair => pair.Split('=')[1]);
        return LaunchEnvironment.Detect(name => map.GetValueOrDefault(name));
    }
}
