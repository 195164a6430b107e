using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

namespace Dlrm.Mpi.Tests.Ranks;

/// <summary>A job of ranks that a test starts.</summary>
internal sealed class MpiRun : IDisposable
{
    private static readonly string Dotnet =
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private readonly Process _process;
    private readonly StringBuilder _text = new();

    private MpiRun(Process process)
    {
        _process = process;
        DataReceivedEventHandler add = (_, line) =>
        {
            lock (_text)
            {
                _text.Append(line.Data).Append('\n');
            }
        };
        process.OutputDataReceived += add;
        process.ErrorDataReceived += add;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What the job has printed, both streams.</summary>
    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    /// <summary>How it ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts this assembly as ranks; the test is skipped where mpirun is not installed.</summary>
    public static MpiRun Start(int ranks, params string[] arguments) =>
        Start("mpirun", ranks, [Path.Combine(AppContext.BaseDirectory, "Dlrm.Mpi.Tests.dll"), "rank", .. arguments]);

    /// <summary>Starts an assembly as ranks of Open MPI, or of MPICH with <c>mpiexec.hydra</c>.</summary>
    public static MpiRun Start(string launcher, int ranks, IReadOnlyList<string> arguments)
    {
        Assert.SkipUnless(OnPath(launcher), $"{launcher} is not installed.");
        string[] flags = launcher == "mpirun" ? ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"] : [];
        return new MpiRun(Process.Start(
            new ProcessStartInfo(
                launcher, [.. flags, "-np", ranks.ToString(CultureInfo.InvariantCulture), Dotnet, .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!);
    }

    /// <summary>True when a program is on the path.</summary>
    public static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Waits for its end.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> End()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return Text;
    }

    /// <summary>Ends it, if a test left it running.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
