using System.Globalization;

namespace Dlrm.LoadTest;

/// <summary>One turn of a server.</summary>
/// <param name="Most">Requests a second at most.</param>
/// <param name="Latencies">At half of that.</param>
internal sealed record Measured(double Most, LatencyHistogram Latencies)
{
    /// <summary>The turn with the shorter tail: others use the machine too, and only ever make it longer.</summary>
    public static Measured Better(Measured? before, Measured now) =>
        before is null || now.Latencies.Quantile(0.99) < before.Latencies.Quantile(0.99) ? now : before;

    /// <summary>A row of the table.</summary>
    public string Row(string server, int rows) => string.Create(
        CultureInfo.InvariantCulture, $"| {server} | {rows} | {Most:N0} | {Most * rows:N0} | {Text(0.5)} | {Text(0.99)} | {Text(0.999)} |");

    private string Text(double share) =>
        string.Create(CultureInfo.InvariantCulture, $"{Latencies.Quantile(share).TotalMilliseconds:0.00} ms");
}
