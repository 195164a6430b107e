using System.Globalization;
using Dlrm.Data;

namespace Dlrm.Cli.Output;

/// <summary>How far long work is, with its rate and the time left: a bar on a terminal, else a line now and then.</summary>
internal sealed class WorkProgress(ToolConsole console, TimeProvider clock) : IProgress<LoadProgress>
{
    private const int Width = 30;

    private readonly TimeSpan _interval = console.IsTerminal ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromSeconds(3);
    private string _stage = "";
    private long _started = clock.GetTimestamp();
    private long _told = clock.GetTimestamp();
    private long _first;
    private bool _open;

    public void Report(LoadProgress value)
    {
        if (value.Stage != _stage)
        {
            _stage = value.Stage;
            _started = clock.GetTimestamp();
            _first = value.BytesDone;
        }

        if (clock.GetElapsedTime(_told) < _interval)
        {
            return;
        }

        _told = clock.GetTimestamp();
        string text = Text(value, clock.GetElapsedTime(_started).TotalSeconds);
        if (console.IsTerminal)
        {
            console.Error.Write("\r\u001b[K" + text);
            _open = true;
        }
        else
        {
            console.Error.WriteLine(text);
        }
    }

    /// <summary>Takes the bar away.</summary>
    public void End()
    {
        if (_open)
        {
            console.Error.Write("\r\u001b[K");
            _open = false;
        }
    }

    private string Text(in LoadProgress value, double seconds)
    {
        double share = value.BytesTotal > 0 ? Math.Min(1, (double)value.BytesDone / value.BytesTotal) : 0;
        double rate = (value.BytesDone - _first) / Math.Max(seconds, 1e-3);
        string unit = value.BytesDone == value.Rows
            ? string.Create(CultureInfo.InvariantCulture, $"{rate:N0} rows/s")
            : string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:0.0} MB/s");
        string left = rate > 0 && value.BytesTotal > 0
            ? ", " + TimeSpan.FromSeconds(Math.Ceiling((value.BytesTotal - value.BytesDone) / rate)).ToString("c", CultureInfo.InvariantCulture) + " left"
            : "";
        string bar = console.IsTerminal ? $"[{new string('#', (int)(share * Width)).PadRight(Width, '.')}] " : "";
        if (value.BytesTotal == 0)
        {
            // Of a pipe nobody knows the length.
            return string.Create(CultureInfo.InvariantCulture, $"{value.Stage}: {value.Rows:N0} rows, {unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bar}{value.Stage}: {100 * share:0} %, {value.Rows:N0} rows, {unit}{left}");
    }
}
