using System.Globalization;
using Dlrm.Data;

namespace Dlrm.Cli.Output;

/// <summary>How far long work is, with its rate and the time left: a bar on a terminal, else a line now and then.</summary>
/// <remarks>The bar is one line of standard error, never wider than the terminal, so that it can be drawn over.</remarks>
internal sealed class WorkProgress(ToolConsole console, TimeProvider clock) : IProgress<LoadProgress>, IDisposable
{
    private const int WidestBar = 30;
    private const int NarrowestBar = 5;

    private readonly TimeSpan _interval = console.IsErrorTerminal ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromSeconds(3);
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
        double seconds = clock.GetElapsedTime(_started).TotalSeconds;
        if (console.IsErrorTerminal)
        {
            console.Error.Write(ToolConsole.ClearLine + Fit(value, seconds));
            _open = true;
        }
        else
        {
            console.Error.WriteLine($"{value.Stage}: {string.Join(", ", Parts(value, seconds))}");
        }
    }

    /// <summary>Takes the bar away; what is printed next begins the line.</summary>
    public void End()
    {
        if (_open)
        {
            console.Error.Write(ToolConsole.ClearLine);
            _open = false;
        }
    }

    /// <summary>As <see cref="End"/>: before an error is told.</summary>
    public void Dispose() => End();

    /// <summary>The bar and the text in one line: the bar shrinks first, then it goes, then the text is cut, of which names are last.</summary>
    private string Fit(in LoadProgress value, double seconds)
    {
        // A character in the last column makes some terminals begin a new line, and Ctrl-C writes two.
        const int Spare = 3;
        string text = $"{string.Join("  ", Parts(value, seconds))}  {value.Stage}";
        int width = Math.Max(0, console.Width() - Spare);
        int room = Math.Min(WidestBar, width - text.Length - 3);
        if (value.BytesTotal > 0 && room >= NarrowestBar)
        {
            return $"[{new string('#', (int)(Share(value) * room)).PadRight(room, '.')}] {text}";
        }

        return text.Length <= width ? text : text[..Math.Max(0, width - 1)] + "…";
    }

    private static double Share(in LoadProgress value) => Math.Min(1, (double)value.BytesDone / value.BytesTotal);

    private List<string> Parts(in LoadProgress value, double seconds)
    {
        double rate = (value.BytesDone - _first) / Math.Max(seconds, 1e-3);
        var parts = new List<string>();
        if (value.BytesTotal > 0)
        {
            // Of a pipe nobody knows the length.
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{100 * Share(value):0} %"));
        }

        if (value.BytesDone != value.Rows)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:0.0} MB/s"));
        }
        else
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{rate:N0} rows/s"));
        }

        if (rate > 0 && value.BytesTotal > 0)
        {
            parts.Add(TimeSpan.FromSeconds(Math.Ceiling((value.BytesTotal - value.BytesDone) / rate)).ToString("c", CultureInfo.InvariantCulture) + " left");
        }

        parts.Add(string.Create(CultureInfo.InvariantCulture, $"{value.Rows:N0} rows"));
        return parts;
    }
}
