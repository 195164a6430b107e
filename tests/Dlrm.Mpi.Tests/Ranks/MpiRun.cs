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

    private const string RankVariable = "OMPI_COMM_WORLD_RANK=";

    private static readonly string[] Flags = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"];
    private static readonly string ToolPath = Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll");

    private readonly Process _process;
    private readonly SemaphoreSlim _more = new(0);
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

            _more.Release();
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
        return new MpiRun(Process.Start(Redirected(
            launcher, [.. launcher == "mpirun" ? Flags : [], "-np", ranks.ToString(CultureInfo.InvariantCulture), Dotnet, .. arguments]))!);
    }

    /// <summary>Starts the tool: <c>dlrm</c> and its arguments, which may ask for ranks; the test is skipped without mpirun.</summary>
    public static MpiRun Tool(params string[] arguments)
    {
        Assert.SkipUnless(OnPath("mpirun"), "mpirun is not installed.");
        return new MpiRun(Process.Start(Redirected(Dotnet, [ToolPath, .. arguments]))!);
    }

    /// <summary>Starts the tool where no program is on the path.</summary>
    public static MpiRun ToolWithoutPath(params string[] arguments)
    {
        ProcessStartInfo start = Redirected(Environment.ProcessPath!, [ToolPath, .. arguments]);
        start.Environment["PATH"] = "/nowhere";
        return new MpiRun(Process.Start(start)!);
    }

    /// <summary>Starts the tool as ranks, each through a shell.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="prelude">What the shell does before; $rank is the rank.</param>
    /// <param name="arguments">The tool's; $more, which the prelude may set, follows them.</param>
    public static MpiRun ToolInShell(int ranks, string prelude, params string[] arguments)
    {
        Assert.SkipUnless(OnPath("mpirun"), "mpirun is not installed.");
        return new MpiRun(Process.Start(Redirected(
            "mpirun",
            [
                .. Flags, "-np", ranks.ToString(CultureInfo.InvariantCulture), "sh", "-c",
                $"rank=$OMPI_COMM_WORLD_RANK; {prelude}; exec \"$@\" $more", "sh", Dotnet, ToolPath, .. arguments,
            ]))!);
    }

    /// <summary>Waits until the job has printed a text.</summary>
    public async Task Printed(string text)
    {
        while (!Text.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_process.HasExited, Text);
            await _more.WaitAsync(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Sends a signal to the process that the test started.</summary>
    public Task Signal(string name) => Signal(_process.Id, name);

    /// <summary>Sends a signal to a process.</summary>
    public static async Task Signal(int process, string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The processes whose command line holds a text, by rank.</summary>
    public static IReadOnlyDictionary<int, int> Ranks(string marker)
    {
        var found = new Dictionary<int, int>();
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(folder), out int process)
                    && File.ReadAllText(Path.Combine(folder, "cmdline")).Contains(marker, StringComparison.Ordinal)
                    && File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').FirstOrDefault(
                        entry => entry.StartsWith(RankVariable, StringComparison.Ordinal)) is { } rank)
                {
                    found[int.Parse(rank[RankVariable.Length..], CultureInfo.InvariantCulture)] = process;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }

        return found;
    }

    /// <summary>True when a program is on the path.</summary>
    public static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    private static ProcessStartInfo Redirected(string program, IEnumerable<string> arguments) => new(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

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
        _more.Dispose();
    }
}
