namespace Dlrm.Serving.Metrics;

/// <summary>What the engines of a model saw, over all its versions.</summary>
internal sealed class BatchMetrics
{
    /// <summary>Rows of each batch.</summary>
    public Histogram BatchRows { get; } = new(Histogram.PowersOfTwo);

    /// <summary>Seconds each request waited in the queue.</summary>
    public Histogram Wait { get; } = new(Histogram.Seconds);

    /// <summary>Seconds each batch was computed.</summary>
    public Histogram Compute { get; } = new(Histogram.Seconds);
}
