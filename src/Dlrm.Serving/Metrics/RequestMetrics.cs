using System.Collections.Concurrent;
using System.Globalization;

namespace Dlrm.Serving.Metrics;

/// <summary>Requests by what they asked for and how they ended.</summary>
internal sealed class RequestMetrics
{
    private readonly ConcurrentDictionary<(string Endpoint, int Status), StrongCount> _requests = new();
    private readonly ConcurrentDictionary<string, Histogram> _seconds = new();
    private long _inFlight;

    /// <summary>Requests being answered.</summary>
    public long InFlight => Interlocked.Read(ref _inFlight);

    /// <summary>A request began.</summary>
    public void Begin() => Interlocked.Increment(ref _inFlight);

    /// <summary>A request ended.</summary>
    public void End(string endpoint, int status, TimeSpan duration)
    {
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref _requests.GetOrAdd((endpoint, status), static _ => new StrongCount()).Value);
        Seconds(endpoint).Observe(duration.TotalSeconds);
    }

    /// <summary>How long requests took.</summary>
    public Histogram Seconds(string endpoint) => _seconds.GetOrAdd(endpoint, static _ => new Histogram(Histogram.Seconds));

    /// <summary>Writes them.</summary>
    public void Write(MetricsText text)
    {
        text.Family("dlrm_requests_total", "counter", "Requests by endpoint and HTTP status.");
        foreach (((string endpoint, int status), StrongCount count) in _requests.OrderBy(entry => entry.Key))
        {
            text.Sample(
                "dlrm_requests_total",
                Interlocked.Read(ref count.Value),
                ("endpoint", endpoint),
                ("code", status.ToString(CultureInfo.InvariantCulture)));
        }

        text.Family("dlrm_request_seconds", "histogram", "Time from a request's first byte to its answer.");
        foreach ((string endpoint, Histogram seconds) in _seconds.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            seconds.Write(text, "dlrm_request_seconds", ("endpoint", endpoint));
        }

        text.Single("dlrm_requests_in_flight", "gauge", "Requests being answered now.", InFlight);
    }

    private sealed class StrongCount
    {
        public long Value;
    }
}
