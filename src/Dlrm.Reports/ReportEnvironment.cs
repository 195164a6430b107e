using System.Reflection;
using System.Runtime.InteropServices;

namespace Dlrm.Reports;

/// <summary>What a run ran on.</summary>
/// <param name="Version">Version of the program.</param>
/// <param name="Threads">Workers that computed.</param>
/// <param name="InstructionSet">The instruction set that kernels were chosen for.</param>
/// <param name="OperatingSystem">Name and version.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Processor">Architecture and cores that the process may use.</param>
public sealed record ReportEnvironment(
    string Version, int Threads, string InstructionSet, string OperatingSystem, string Runtime, string Processor)
{
    /// <summary>That of this process, computing with <paramref name="engine"/>.</summary>
    /// <param name="engine">The engine of the run.</param>
    public static ReportEnvironment Of(Engine engine)
    {
        string version = typeof(Engine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "unknown";
        return new ReportEnvironment(
            version,
            engine.Team.Workers,
            engine.InstructionSet.ToString(),
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
            $"{RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores");
    }
}
