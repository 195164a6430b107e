using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Reports;
using Dlrm.Reports.Recorded;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm report</c>.</summary>
internal sealed class ReportCommand : ToolCommand
{
    public override string Name => "report";

    public override string Summary => "compares runs in one page that needs no network";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm report runs/sgd runs/adam", "comparison.html: curves, tests, cost, and what was set differently"),
        ("dlrm report runs/* --output=all.html", "all runs"),
    ];

    public override ToolOption Positional => SeeingOptions.Runs;

    public override IReadOnlyList<ToolOption> Options => field ??= [SeeingOptions.Runs, SeeingOptions.Page];

    public override int Run(OptionValues values, ToolConsole console)
    {
        IReadOnlyList<string> folders = values.Get(SeeingOptions.Runs);
        if (folders.Count == 0)
        {
            throw new UsageException("No run is named: give one or more folders that dlrm train wrote, as in: dlrm report runs/a runs/b.");
        }

        var runs = new List<RecordedRun>();
        var warnings = new List<string>();
        foreach (string folder in folders)
        {
            try
            {
                runs.Add(RunFolderReader.Read(folder));
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                warnings.Add(exception.Message);
                console.Error.WriteLine($"Warning: left out: {exception.Message}");
            }
        }

        if (runs.Count == 0)
        {
            console.Error.WriteLine("dlrm report: none of the runs can be read; no page was written.");
            return ExitCode.Failed;
        }

        string page = values.Get(SeeingOptions.Page);
        ComparisonReport.Write(page, runs, warnings);
        console.Out.WriteLine(page);
        return ExitCode.Done;
    }
}
