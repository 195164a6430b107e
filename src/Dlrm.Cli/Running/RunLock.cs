using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dlrm.Cli.Running;

/// <summary>Keeps a second process from writing into a run's folder.</summary>
/// <remarks>
/// run.lock is held open with an exclusive lock of the system, which ends with the process, however it ends: a lock that
/// nobody holds any more is taken over. run.owner.json beside it says who holds it, for the message. run.lock itself stays:
/// removing it while another process waits for it would give two processes a lock each.
/// </remarks>
internal sealed class RunLock : IDisposable
{
    private const string LockName = "run.lock";
    private const string OwnerName = "run.owner.json";

    /// <summary>How systems say that another process holds the lock: ERROR_SHARING_VIOLATION, and EWOULDBLOCK of Linux and macOS.</summary>
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int TryAgain = 11;
    private const int TryAgainOnMac = 35;

    private readonly FileStream _file;
    private readonly string _owner;

    private RunLock(FileStream file, string owner)
    {
        _file = file;
        _owner = owner;
    }

    /// <summary>Who held the lock and ended without giving it back; null when nobody.</summary>
    public string? Stale { get; private init; }

    /// <summary>Takes the lock of a folder that exists.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="IOException">Another process holds it; the message says which.</exception>
    public static RunLock Take(string folder)
    {
        string owner = Path.Combine(folder, OwnerName);
        FileStream file;
        try
        {
            file = new FileStream(
                Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException exception) when (exception.HResult is SharingViolation or TryAgain or TryAgainOnMac)
        {
            throw new IOException(
                $"{folder} is being written by {Describe(owner) ?? "another process"}. Two runs cannot share a folder: wait for it, end it, or "
                + "name another --output-dir.");
        }

        string? stale = Describe(owner);
        File.WriteAllText(owner, new JsonObject
        {
            ["pid"] = Environment.ProcessId,
            ["host"] = Environment.MachineName,
            ["since"] = DateTimeOffset.UtcNow.ToString("u", CultureInfo.InvariantCulture),
        }.ToJsonString() + "\n");
        return new RunLock(file, owner) { Stale = stale };
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_owner);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next run will take it for stale, which it is.
        }

        _file.Dispose();
    }

    /// <summary>E.g. <c>process 4711 on node3 since 2026-01-02 15:04:05Z</c>; null without a readable file.</summary>
    private static string? Describe(string owner)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(File.ReadAllText(owner));
            return $"process {node?["pid"]} on {node?["host"]} since {node?["since"]}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
