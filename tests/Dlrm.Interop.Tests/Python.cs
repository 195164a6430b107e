using System.Diagnostics;
using Xunit;

namespace Dlrm.Interop.Tests;

/// <summary>Debian's Python, for agreement with PyTorch and ONNX; tests that need it are skipped where it lacks a module.</summary>
internal static class Python
{
    private const string Executable = "/usr/bin/python3";

    /// <summary>Skips the test unless the modules are there.</summary>
    public static void Require(params string[] modules)
    {
        bool there = File.Exists(Executable)
            && modules.All(module => Start("import sys, importlib.util as u; s = u.find_spec(sys.argv[1]); sys.exit(s is None or s.loader is None)", module).Code == 0);
        Assert.SkipUnless(there, $"{Executable} has no {string.Join(", ", modules)}: apt-get install {string.Join(' ', modules.Select(m => "python3-" + m))}");
    }

    /// <summary>Runs a script and gives what it printed.</summary>
    public static string Run(string script, params string[] arguments)
    {
        (int code, string output, string error) = Start(script, arguments);
        Assert.True(code == 0, $"Python ended with {code}: {error}");
        return output;
    }

    private static (int Code, string Output, string Error) Start(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
