using System.Diagnostics;
using Dlrm.Distributed;

namespace Dlrm.Mpi.Launching;

/// <summary>The program that starts ranks on this machine: Open MPI's mpirun, or MPICH's (or Intel MPI's) mpiexec.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="IsMpich">Which options it takes.</param>
public sealed record MpiLauncher(string Path, bool IsMpich)
{
    /// <summary>Names to look for, best first.</summary>
    private static readonly string[] Names = ["mpirun", "mpiexec", "mpiexec.hydra", "mpirun.openmpi"];

    /// <summary>Where systems put Open MPI that is not on the path.</summary>
    private static readonly string[] Folders = ["/usr/lib64/openmpi/bin", "/opt/homebrew/bin", "/usr/local/bin"];

    /// <summary>Finds it.</summary>
    /// <exception cref="CommunicationException">It is not installed; the message says what to install.</exception>
    public static MpiLauncher Find()
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator), .. Folders];
        foreach (string name in Names)
        {
            foreach (string path in folders.Select(folder => System.IO.Path.Combine(folder, name)).Where(File.Exists))
            {
                return new MpiLauncher(path, !Version(path).Contains("Open MPI", StringComparison.Ordinal));
            }
        }

        throw new CommunicationException($"--ranks needs mpirun, which is not there. {MpiInstallation.Advice}");
    }

    /// <summary>The arguments that start a program as ranks.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="hosts">Where; null for this machine.</param>
    /// <param name="variables">Names of environment variables that ranks on other hosts need.</param>
    /// <param name="program">The program and its arguments.</param>
    /// <param name="isRoot">Whether the superuser runs it, which Open MPI refuses unless told.</param>
    public IReadOnlyList<string> Arguments(
        int ranks, HostList? hosts, IEnumerable<string> variables, IReadOnlyList<string> program, bool isRoot)
    {
        string count = ranks.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (IsMpich)
        {
            return ["-np", count, .. hosts is null ? [] : new[] { "-hosts", hosts.ToString() }, .. program];
        }

        // A rank computes on all of its share of the cores: bound to one, its threads would take turns on it.
        return
        [
            "-np", count, "--bind-to", "none", .. isRoot ? ["--allow-run-as-root"] : Array.Empty<string>(),
            .. hosts is null ? ["--oversubscribe"] : new[] { "--host", hosts.ToString() },
            .. variables.SelectMany(name => new[] { "-x", name }), .. program,
        ];
    }

    private static string Version(string path)
    {
        using Process process = Process.Start(new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }
}
