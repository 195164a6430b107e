using System.Text;
using Dlrm.Distributed;

namespace Dlrm.Mpi;

/// <summary>How many processor cores each rank may count as its own.</summary>
internal static class RankCores
{
    private const int Room = 1024;

    /// <summary>Gathers hosts and cores of all ranks. Every rank calls it.</summary>
    /// <returns>The host of every rank, and the cores of this one: 1 or more.</returns>
    public static (IReadOnlyList<string> Hosts, int Cores) Share(ICommunicator communicator)
    {
        byte[] mine = new byte[Room];
        string text = $"{communicator.Host}\n{AllowedCores()}";
        Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, Room / 4)), mine);
        byte[] all = new byte[Room * communicator.Size];
        communicator.AllGather(mine, Enumerable.Repeat(Room, communicator.Size).ToArray(), all);
        string[] places =
            [.. Enumerable.Range(0, communicator.Size).Select(rank => Encoding.UTF8.GetString(all, rank * Room, Room).TrimEnd('\0'))];
        return ([.. places.Select(place => place.Split('\n')[0])], Divide(places, communicator.Rank, Environment.ProcessorCount));
    }

    /// <summary>Cores of a rank: those that it may use, divided among the ranks of its host that may use the same ones.</summary>
    /// <param name="places">Host and allowed cores, a rank.</param>
    /// <param name="rank">Which.</param>
    /// <param name="cores">How many it may use.</param>
    public static int Divide(IReadOnlyList<string> places, int rank, int cores) =>
        Math.Max(1, cores / places.Count(place => place == places[rank]));

    /// <summary>The cores that this process may use, as Linux lists them (<c>0-15,32-47</c>); empty elsewhere.</summary>
    private static string AllowedCores()
    {
        const string Field = "Cpus_allowed_list:";
        try
        {
            return File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))?[Field.Length..].Trim() ?? "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
