using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Dlrm.LoadTest;

/// <summary>Traffic to 127.0.0.1.</summary>
/// <param name="port">The server's.</param>
/// <param name="requests">In turn.</param>
internal sealed partial class LoadClient(int port, byte[][] requests) : IDisposable
{
    private readonly Channel<Connection> _free = Channel.CreateUnbounded<Connection>();
    private readonly List<Connection> _all = [];
    private int _next;

    /// <summary>
    /// Closed loop: each of some connections asks again as soon as it is answered. Finds the highest throughput.
    /// </summary>
    /// <returns>Requests a second.</returns>
    public async Task<double> SaturateAsync(int connections, TimeSpan time)
    {
        await ReserveAsync(connections).ConfigureAwait(false);
        long count = 0;
        long began = Stopwatch.GetTimestamp();
        Connection[] used = [.. _all.Take(connections)];
        await Task.WhenAll(used.Select(connection => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(began) < time)
            {
                await connection.AskAsync(Next()).ConfigureAwait(false);
                Interlocked.Increment(ref count);
            }
        }))).ConfigureAwait(false);
        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>
    /// Open loop: requests come at random times (exponential gaps) whether or not those before are answered, and a request's
    /// latency counts from the time it should have been sent: a server that stops for a while is not spared the requests
    /// that would have come meanwhile.
    /// </summary>
    public async Task<LatencyHistogram> OfferAsync(double perSecond, TimeSpan time, int connections)
    {
        await ReserveAsync(connections).ConfigureAwait(false);
        while (_free.Reader.TryRead(out _))
        {
        }

        _all.ForEach(connection => _free.Writer.TryWrite(connection));
        var histogram = new LatencyHistogram();
        var random = new System.Random(7);
        List<Task> all = [];
        await Task.Factory.StartNew(
            () =>
            {
                long began = Stopwatch.GetTimestamp();
                double due = 0;
                while (due < time.TotalSeconds)
                {
                    due += -Math.Log(1 - random.NextDouble()) / perSecond;
                    WaitUntil(began, due);
                    all.Add(AskAsync(began, due, histogram));
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).ConfigureAwait(false);
        await Task.WhenAll(all).ConfigureAwait(false);
        return histogram;
    }

    /// <summary>One answer's scores.</summary>
    public async Task<float[]> ScoresAsync(int rows)
    {
        await ReserveAsync(1).ConfigureAwait(false);
        return Connection.Scores(await _all[0].AskAsync(requests[0]).ConfigureAwait(false), rows);
    }

    /// <inheritdoc/>
    public void Dispose() => _all.ForEach(connection => connection.Dispose());

    private static void WaitUntil(long began, double due)
    {
        double left = due - Stopwatch.GetElapsedTime(began).TotalSeconds;
        if (left > 0)
        {
            var pause = new TimeSpec { Seconds = (long)left, Nanoseconds = (long)((left - (long)left) * 1e9) };
            Sleep(pause, IntPtr.Zero);
        }
    }

    private async Task AskAsync(long began, double due, LatencyHistogram histogram)
    {
        // Where every connection waits for an answer, the latency counts on.
        Connection connection = await _free.Reader.ReadAsync().ConfigureAwait(false);
        await connection.AskAsync(Next()).ConfigureAwait(false);
        histogram.Record(Stopwatch.GetElapsedTime(began) - TimeSpan.FromSeconds(due));
        _free.Writer.TryWrite(connection);
    }

    private byte[] Next() => requests[(uint)Interlocked.Increment(ref _next) % requests.Length];

    private async Task ReserveAsync(int connections)
    {
        while (_all.Count < connections)
        {
            var connection = new Connection();
            await connection.OpenAsync(port).ConfigureAwait(false);
            _all.Add(connection);
        }
    }

    // .NET's own pauses are whole milliseconds, longer than an answer takes.
    [LibraryImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sleep(in TimeSpec pause, IntPtr left);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
