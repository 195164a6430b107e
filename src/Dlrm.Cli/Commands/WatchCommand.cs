using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Watching;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm watch</c>.</summary>
internal sealed class WatchCommand : ToolCommand
{
    public override string Name => "watch";

    public override string Summary => "follows a run from another terminal until it ends";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm watch runs/20260102-150405", "a live table on a terminal, else a line for each interval and test"),
        ("dlrm watch runs/20260102-150405 --once", "prints where the run is, and ends"),
    ];

    public override ToolOption Positional => SeeingOptions.Run;

    public override IReadOnlyList<ToolOption> Options => field ??= [SeeingOptions.Run, SeeingOptions.Once, SeeingOptions.Interval];

    public override int Run(OptionValues values, ToolConsole console)
    {
        string folder = values.Get(SeeingOptions.Run);
        if (folder.Length == 0)
        {
            throw new UsageException("No run is named: give the folder that dlrm train writes to, as in: dlrm watch runs/20260102-150405.");
        }

        using var stop = new CancellationTokenSource();
        var interval = TimeSpan.FromSeconds(values.Get(SeeingOptions.Interval));
        var watch = new RunWatch(folder, console, () => stop.Token.WaitHandle.WaitOne(interval));
        if (values.Get(SeeingOptions.Once))
        {
            watch.PrintState();
            return ExitCode.Done;
        }

        void End(object? sender, ConsoleCancelEventArgs arguments)
        {
            arguments.Cancel = true;
            stop.Cancel();
        }

        Console.CancelKeyPress += End;
        try
        {
            watch.Follow(stop.Token);
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted; // The run itself goes on.
        }
        finally
        {
            Console.CancelKeyPress -= End;
        }
    }
}
