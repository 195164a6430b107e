using System.Globalization;
using Dlrm.Data;

namespace Dlrm.Cli.Output;

/// <summary>Tells on standard error how far the loading of a file is, every few seconds.</summary>
internal sealed class LoadLines(TextWriter error, TimeProvider clock) : IProgress<LoadProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private readonly Lock _lock = new();
    private long _told = clock.GetTimestamp();

    public void Report(LoadProgress value)
    {
        lock (_lock)
        {
            if (clock.GetElapsedTime(_told) < Interval)
            {
                return;
            }

            _told = clock.GetTimestamp();
        }

        error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{value.Stage}: {100.0 * value.BytesDone / Math.Max(1, value.BytesTotal):0} %, {value.Rows:N0} rows"));
    }
}
