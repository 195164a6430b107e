using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Data.Folders;
using Dlrm.Distributed.Planning;
using Dlrm.Model;
using Dlrm.Threading;

namespace Dlrm.Cli.Planning;

/// <summary>Makes a plan of what the options ask for, tells it and writes it.</summary>
/// <param name="given">The options.</param>
/// <param name="console">Where to print.</param>
internal sealed class PlanRun(OptionValues given, ToolConsole console)
{
    private readonly OptionValues _values = PlanPreset.Of(given) is { } preset ? given.WithPreset(preset.Settings) : given;

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        PlanRequest request = Request();
        PlanResult result;
        try
        {
            result = Planner.Plan(request);
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }

        MeasuredStep? measured = _values.Get(PlanFlags.Check) ? PlanMeasurement.Measure(request, result.Plan) : null;
        string output = _values.Get(PlanFlags.Output);
        WriteWhole(output, result.Plan.ToJson() + "\n");
        if (_values.Get(RunOptions.Format) == "json")
        {
            console.Out.WriteLine(PlanJson.Of(result, measured, output));
        }
        else
        {
            PlanTables.Write(result, measured, console);
            console.Out.WriteLine($"{output}: dlrm train --plan={output} with the same model options.");
        }

        return ExitCode.Done;
    }

    private static void WriteWhole(string path, string text)
    {
        string temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        using (var writer = new StreamWriter(file))
        {
            writer.Write(text);
            writer.Flush();
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private PlanRequest Request()
    {
        (DlrmConfig config, IReadOnlyList<TableLookups> lookups) = ModelAndLookups();
        int ranks = _values.GetInt(PlanFlags.Ranks);
        int hosts = _values.GetInt(PlanFlags.Hosts);
        MachineFigures machine = Machine(Math.Max(1, ranks / hosts));
        int batch = !_values.IsGiven(TrainOptions.BatchSize) && PlanPreset.Of(_values) is { } preset ? preset.Batch : _values.GetInt(TrainOptions.BatchSize);
        var request = new PlanRequest
        {
            Model = config,
            Lookups = lookups,
            BatchSize = batch,
            Ranks = ranks,
            Hosts = hosts,
            ThreadsPerRank = _values.GetInt(RunOptions.Threads),
            MemoryPerRank = _values.Get(PlanFlags.MemoryPerRank),
            Optimizer = _values.Get(TrainOptions.Optimizer),
            ExchangedBytes = _values.Get(RankOptions.CommunicationType) == "fp32" ? sizeof(float) : sizeof(ushort),
            Machine = machine,
        };
        try
        {
            request.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }

        return request;
    }

    private (DlrmConfig Config, IReadOnlyList<TableLookups> Lookups) ModelAndLookups()
    {
        string folder = StatisticsFolder();
        if (folder.Length == 0)
        {
            DlrmConfig config = ModelSetup.Config(_values, shape: null);
            return (config, LookupStatistics.Assumed(_values, config.TableRows));
        }

        using DataSetFolder data = DataSetFolder.Open(folder);
        string split = _values.Get(DataSetOptions.TrainSplit);
        using var shape = new FolderBatchSource(data, split, batchSize: 1024);
        return (ModelSetup.Config(_values, shape), LookupStatistics.Count(data, split));
    }

    /// <summary>--stats, or the folder that training would read; empty for neither.</summary>
    private string StatisticsFolder()
    {
        string stats = _values.Get(PlanFlags.Stats);
        string read = _values.Get(DataOptions.Generation) == DataOptions.DataSet && DataSetOptions.NamesFolder(_values)
            ? _values.Get(DataOptions.Set)
            : "";
        string folder = stats.Length > 0 ? stats : read;
        ToolOption option = stats.Length > 0 ? PlanFlags.Stats : DataOptions.Set;
        if (folder.Length > 0 && !DataSetFolder.IsDataSet(folder))
        {
            throw new UsageException($"{option.Switch}={folder}: expected a data set folder; dlrm preprocess or dlrm generate makes one.");
        }

        return folder;
    }

    private MachineFigures Machine(int ranksPerHost)
    {
        string file = _values.Get(PlanFlags.Machine);
        MachineFigures machine = file.Length > 0 ? Read(file) : Measure(ranksPerHost);
        if (_values.Get(PlanFlags.CoresPerHost) is > 0 and var cores)
        {
            machine = machine with { CoresPerHost = (int)cores };
        }

        return _values.IsGiven(PlanFlags.Network)
            ? machine with { Exchange = machine.Exchange with { NetworkGbitPerSecond = _values.Get(PlanFlags.Network) } }
            : machine;
    }

    private static MachineFigures Read(string file)
    {
        try
        {
            return MachineFigures.FromJson(File.ReadAllText(file));
        }
        catch (IOException exception)
        {
            throw new UsageException($"--machine={file}: {exception.Message} dlrm plan --write-machine={file} makes one.");
        }
        catch (InvalidDataException exception)
        {
            throw new UsageException($"--machine={file}: {exception.Message}");
        }
    }

    private MachineFigures Measure(int ranksPerHost)
    {
        int cores = WorkerTeam.DefaultWorkers;
        int threads = _values.GetInt(RunOptions.Threads) is > 0 and var asked ? asked : Math.Max(1, cores / ranksPerHost);
        console.Error.WriteLine("Measuring this machine; --write-machine=FILE keeps it, --machine=FILE uses it again.");
        using var engine = new Engine(Math.Min(threads, cores), ModelSetup.InstructionSet(_values));
        MachineFigures machine = Calibration.Measure(engine);
        if (_values.Get(PlanFlags.WriteMachine) is { Length: > 0 } file)
        {
            WriteWhole(file, machine.ToJson() + "\n");
        }

        return machine;
    }
}
