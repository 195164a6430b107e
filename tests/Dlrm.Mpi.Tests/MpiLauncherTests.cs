using Dlrm.Mpi.Launching;
using Xunit;

namespace Dlrm.Mpi.Tests;

public sealed class MpiLauncherTests
{
    private static readonly string[] Program = ["dotnet", "x.dll"];

    [Fact]
    public void Ranks_here_may_exceed_the_cores_and_are_not_bound() => Assert.Equal(
        "-np 4 --bind-to none --oversubscribe -x DLRM_ISA dotnet x.dll",
        string.Join(' ', new MpiLauncher("mpirun", false).Arguments(4, null, ["DLRM_ISA"], Program, isRoot: false)));

    [Fact]
    public void Hosts_are_passed_on_and_the_superuser_is_let_in() => Assert.Equal(
        "-np 3 --bind-to none --allow-run-as-root --host a:2,b:1 dotnet x.dll",
        string.Join(' ', new MpiLauncher("mpirun", false).Arguments(
            3, HostList.Parse("a:2,b:1"), [], Program, isRoot: true)));

    [Fact]
    public void Mpich_takes_its_own_options() => Assert.Equal(
        "-np 3 -hosts a:2,b:1 dotnet x.dll",
        string.Join(' ', new MpiLauncher("mpiexec", true).Arguments(3, HostList.Parse("a:2,b:1"), ["DLRM_ISA"], Program, isRoot: true)));

    [Fact]
    public void Where_there_is_none_the_message_says_what_to_install()
    {
        Assert.Contains("apt-get install openmpi-bin", MpiInstallation.Advice, StringComparison.Ordinal);
        Assert.Contains("dnf install openmpi", MpiInstallation.Advice, StringComparison.Ordinal);
        Assert.Contains("brew install open-mpi", MpiInstallation.Advice, StringComparison.Ordinal);
    }
}
