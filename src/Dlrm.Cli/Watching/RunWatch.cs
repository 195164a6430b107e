using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Cli.Output;
using Dlrm.Reports.Recorded;
using Spectre.Console;

namespace Dlrm.Cli.Watching;

/// <summary>Follows metrics.jsonl of a run that another process writes: a live table on a terminal, else a line for each.</summary>
/// <remarks>
/// It ends when the run has ended, or when the process that run.owner.json names is gone without a word. A run that is
/// resumed meanwhile, in the same folder, is followed on.
/// </remarks>
internal sealed class RunWatch(string folder, ToolConsole console, Action wait)
{
    private const int SparklineWidth = 40;

    private readonly MetricsTail _tail = new(Path.Combine(folder, "metrics.jsonl"));
    private MetricsLines _lines = new();
    private long _printedStep;
    private long _printedTest;
    private bool _gone;

    /// <summary>True when the run has said how it ended, or its process is no more.</summary>
    private bool HasEnded => _lines.Outcome is not null || _gone;

    private string Outcome => _lines.Outcome ?? (_gone ? "its process ended without a word" : "running");

    /// <summary>Prints where the run is.</summary>
    /// <exception cref="InvalidDataException">There is no metrics.jsonl, or it is damaged.</exception>
    public void PrintState()
    {
        if (!Look(print: false))
        {
            throw new InvalidDataException($"{folder} has no metrics.jsonl: name the folder that --output-dir gave to a run.");
        }

        foreach ((string name, string value) in WatchText.State(_lines, Outcome, SparklineWidth))
        {
            console.Out.WriteLine($"{name,-24} {value}");
        }
    }

    /// <summary>Follows until the run ends.</summary>
    /// <param name="stop">Ends the watching.</param>
    public void Follow(CancellationToken stop)
    {
        bool waiting = false;
        while (!Look(print: !console.IsTerminal))
        {
            if (!waiting)
            {
                console.Error.WriteLine($"Waiting for {folder} to be written.");
                waiting = true;
            }

            stop.ThrowIfCancellationRequested();
            wait();
        }

        if (console.IsTerminal)
        {
            AnsiConsole.Live(Table()).AutoClear(false).Start(display => Poll(() => display.UpdateTarget(Table()), stop));
            return;
        }

        Poll(() => { }, stop);
        console.Out.WriteLine($"run: {Outcome}");
    }

    private void Poll(Action show, CancellationToken stop)
    {
        show();
        while (!HasEnded)
        {
            stop.ThrowIfCancellationRequested();
            wait();
            Look(print: !console.IsTerminal);
            show();
        }
    }

    /// <summary>Reads what is new; false while there is no file.</summary>
    private bool Look(bool print)
    {
        // Asked before the file is read, so that what a process wrote just before it ended is not missed.
        bool gone = OwnerIsGone();
        IReadOnlyList<string>? read = _tail.Read();
        if (read is null)
        {
            return false;
        }

        _gone = gone;
        if (_tail.BegunAnew)
        {
            _lines = new MetricsLines();
            read = TakeUp(read, print);
        }

        foreach (string line in read)
        {
            _lines.Read(line);
            if (print)
            {
                Print();
            }
        }

        return true;
    }

    /// <summary>Says that the run was taken up before what had been printed. Steps done again give the same numbers.</summary>
    private IReadOnlyList<string> TakeUp(IReadOnlyList<string> read, bool print)
    {
        var all = new MetricsLines();
        foreach (string line in read)
        {
            all.Read(line);
        }

        long step = all.Training.Count == 0 ? 0 : all.Training[^1].Step;
        if (step < _printedStep)
        {
            (_printedStep, _printedTest) = (step, Math.Min(step, _printedTest));
            if (print)
            {
                console.Out.WriteLine(step == 0 ? "run: begun anew" : $"run: taken up again, now after step {step}");
            }
        }

        return read;
    }

    /// <summary>True when run.owner.json names a process of this machine that is no more.</summary>
    private bool OwnerIsGone()
    {
        try
        {
            JsonNode? owner = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "run.owner.json")));
            if ((string?)owner?["host"] != Environment.MachineName || (int?)owner?["pid"] is not { } process)
            {
                return false;
            }

            using var found = Process.GetProcessById(process);
            return found.HasExited;
        }
        catch (ArgumentException)
        {
            return true; // No such process.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return false; // Nobody says whose the run is.
        }
    }

    private void Print()
    {
        if (_lines.Training is [.., var interval] && interval.Step > _printedStep)
        {
            _printedStep = interval.Step;
            console.Out.WriteLine(WatchText.Line(interval, _lines.Steps));
        }

        if (_lines.Evaluations is [.., var test] && test.Step > _printedTest)
        {
            _printedTest = test.Step;
            console.Out.WriteLine(WatchText.Line(test));
        }
    }

    private Table Table()
    {
        Table table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("name").AddColumn("value");
        foreach ((string name, string value) in WatchText.State(_lines, Outcome, SparklineWidth))
        {
            table.AddRow(Markup.Escape(name), Markup.Escape(value));
        }

        return table;
    }
}
