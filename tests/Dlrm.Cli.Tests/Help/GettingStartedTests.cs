using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Xunit;

namespace Dlrm.Cli.Tests.Help;

/// <summary>docs/getting-started.md: its commands, run one after another as they stand.</summary>
public sealed class GettingStartedTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public async Task Every_command_does_what_the_page_says()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || !File.Exists("/usr/bin/curl"), "The page is for a shell with curl.");
        string text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "getting-started.md"));
        string script = string.Join('\n', Regex.Matches(text, "```bash\n(.*?)```", RegexOptions.Singleline).Select(block => block.Groups[1].Value));
        File.WriteAllText(
            _scratch["dlrm"], $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_scratch["dlrm"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        Directory.CreateDirectory(_scratch["work"]);
        var start = new ProcessStartInfo("bash", ["-e", "-o", "pipefail", "-c", script.Replace("8080", FreePort(), StringComparison.Ordinal)])
        {
            WorkingDirectory = _scratch["work"],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_scratch.Path}:{start.Environment["PATH"]}";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await error);
        Assert.Matches("""\{"model":"run","version":"[0-9a-f]+","score":0\.[0-9]+\}""", output);
        Assert.True(File.Exists(_scratch["work/run/report.html"]));
    }

    public void Dispose() => _scratch.Dispose();

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
