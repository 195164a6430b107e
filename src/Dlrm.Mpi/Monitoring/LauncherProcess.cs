using System.Globalization;

namespace Dlrm.Mpi.Monitoring;

/// <summary>Processes of this host: the one that started the job, and other ranks.</summary>
internal static class LauncherProcess
{
    /// <summary>Set by <c>dlrm train --ranks</c> for its ranks: its process and host, <c>4711@node1</c>.</summary>
    public const string Variable = "DLRM_LAUNCHER";

    /// <summary>The launcher's process, where it runs on a host; 0 elsewhere and without one.</summary>
    public static int OnHost(string host) =>
        Environment.GetEnvironmentVariable(Variable)?.Split('@', 2) is [var process, var place] && place == host
            && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    /// <summary>What a process does, as Linux says it: R runs, S or D waits, T is stopped; ? where that is not told.</summary>
    public static char State(int process)
    {
        try
        {
            string text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            int name = text.LastIndexOf(')'); // the name before it may hold anything
            return name >= 0 && name + 2 < text.Length ? text[name + 2] : '?';
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return '?';
        }
    }
}
