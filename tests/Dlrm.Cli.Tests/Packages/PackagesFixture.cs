using System.Diagnostics;
using Xunit;

namespace Dlrm.Cli.Tests.Packages;

/// <summary>All packages, made once from what is built, in a folder that is the only source of programs that use them.</summary>
public sealed class PackagesFixture : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    /// <summary>Makes the packages.</summary>
    public PackagesFixture()
    {
        string[] names = ["Dlrm", "Dlrm.Data", "Dlrm.Interop", "Dlrm.Mpi", "Dlrm.Reports", "Dlrm.Serving", "Dlrm.Cli"];
        string projects = string.Join(';', names.Select(name => Path.Combine(Repository.Root, "src", name, name + ".csproj")));
        File.WriteAllText(_scratch["pack.proj"], $"""
            <Project DefaultTargets="Pack">
              <Target Name="Pack">
                <MSBuild Projects="{projects}" Targets="Pack" Properties="NoBuild=true;Configuration={Configuration};PackageOutputPath={Folder}" />
              </Target>
            </Project>
            """);
        Dotnet(Repository.Root, "msbuild", _scratch["pack.proj"], "-verbosity:quiet", "-nodeReuse:false");

        // Packages of others come from where building this repository put them; those of this one, never from there.
        File.WriteAllText(_scratch["nuget.config"], $"""
            <configuration>
              <config>
                <add key="globalPackagesFolder" value="{_scratch["restored"]}" />
              </config>
              <fallbackPackageFolders>
                <clear />
                <add key="built" value="{BuiltWith}" />
              </fallbackPackageFolders>
              <packageSources>
                <clear />
                <add key="local" value="{Folder}" />
              </packageSources>
            </configuration>
            """);
    }

    /// <summary>The folder of the packages.</summary>
    public string Folder => _scratch["packages"];

    private static string Configuration =>
        AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Debug" : "Release";

    private static string BuiltWith => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Copies a sample to where it sees nothing of this repository.</summary>
    /// <param name="name">Its folder under samples.</param>
    /// <returns>The copy.</returns>
    public string Sample(string name)
    {
        string copy = Directory.CreateDirectory(_scratch[name]).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "samples", name)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
        }

        return copy;
    }

    /// <summary>Runs the SDK.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="arguments">What.</param>
    /// <returns>What it printed.</returns>
    public static string Dotnet(string folder, params string[] arguments)
    {
        using Process process = Start("dotnet", folder, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="folder">Where.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Process Start(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";

        // The settings of this test's own host are not for other programs.
        start.Environment.Remove("DOTNET_gcServer");
        return Process.Start(start)!;
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();
}
