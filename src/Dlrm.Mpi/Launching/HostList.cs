using System.Globalization;

namespace Dlrm.Mpi.Launching;

/// <summary>The hosts of a job and how many ranks each takes.</summary>
/// <param name="Hosts">Names and slots, in the order in which ranks are placed.</param>
public sealed record HostList(IReadOnlyList<(string Name, int Slots)> Hosts)
{
    /// <summary>Ranks that all hosts take together.</summary>
    public int Slots => Hosts.Sum(host => host.Slots);

    /// <summary>As mpirun takes it: <c>node1:2,node2:2</c>.</summary>
    public override string ToString() =>
        string.Join(',', Hosts.Select(host => string.Create(CultureInfo.InvariantCulture, $"{host.Name}:{host.Slots}")));

    /// <summary>Reads <c>node1:2,node2</c>; a host without a number takes one rank.</summary>
    /// <exception cref="FormatException">The message says what was expected.</exception>
    public static HostList Parse(string text) => Checked([.. text.Split(',').Select(Host)], "hosts with commas between, each with its ranks, as in node1:2,node2:2");

    /// <summary>Reads a hostfile: a host a line, with <c>slots=N</c> or <c>:N</c>; # begins a comment.</summary>
    /// <param name="lines">The file's lines.</param>
    /// <exception cref="FormatException">The message says what was expected.</exception>
    public static HostList ParseFile(IEnumerable<string> lines) => Checked(
        [.. lines.Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0).Select(Line)],
        "a host a line, as in: node1 slots=2");

    /// <summary>The hosts that take the first ranks of a job.</summary>
    /// <param name="ranks">How many.</param>
    public HostList Take(int ranks)
    {
        var kept = new List<(string, int)>();
        foreach ((string name, int slots) in Hosts)
        {
            int taken = Math.Min(slots, ranks);
            ranks -= taken;
            if (taken > 0)
            {
                kept.Add((name, taken));
            }
        }

        return new HostList(kept);
    }

    /// <summary>The list with fewer ranks on a host.</summary>
    /// <param name="host">Which; its short name and its name in the list may differ by the domain.</param>
    /// <param name="ranks">How many fewer; a host that takes none is left out.</param>
    public HostList Without(string host, int ranks) => new(
        [
            .. Hosts.Select(entry => (entry.Name, Slots: IsSame(entry.Name, host) ? entry.Slots - ranks : entry.Slots)).Where(entry => entry.Slots > 0),
        ]);

    private static bool IsSame(string one, string other) =>
        string.Equals(one.Split('.')[0], other.Split('.')[0], StringComparison.OrdinalIgnoreCase);

    private static (string Name, int Slots) Host(string text)
    {
        string[] parts = text.Split(':');
        return parts.Length == 1 ? (parts[0].Trim(), 1) : (parts[0].Trim(), parts.Length == 2 ? Number(parts[1]) : 0);
    }

    private static (string Name, int Slots) Line(string line)
    {
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string? slots = words.FirstOrDefault(word => word.StartsWith("slots=", StringComparison.Ordinal));
        return slots is null ? Host(words[0]) : (words[0], Number(slots["slots=".Length..]));
    }

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private static HostList Checked((string Name, int Slots)[] hosts, string expected) =>
        hosts.Length > 0 && hosts.All(host => host.Name.Length > 0 && host.Slots > 0) ? new HostList(hosts) : throw new FormatException(expected);
}
