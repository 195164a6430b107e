using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Dlrm.LoadTest;

/// <summary>Thousands of connections at once: all are opened and kept, then each asks in turn.</summary>
internal static class ManyConnections
{
    public static async Task RunAsync(int count, int port)
    {
        byte[] request = Encoding.ASCII.GetBytes("GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var connections = new Connection[count];
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            connections[i] = new Connection();
            await connections[i].OpenAsync(port).ConfigureAwait(false);
        }

        double opened = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (Connection connection in connections)
        {
            await connection.AskAsync(request).ConfigureAwait(false);
        }

        double asked = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{count} connections open after {opened:0.0} s; each was answered, {asked - opened:0.0} s more"));
        Array.ForEach(connections, connection => connection.Dispose());
    }
}
