using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>--resume: the run to go on with, its newest sound checkpoint, and the options it was started with.</summary>
internal sealed class ResumePoint : IDisposable
{
    /// <summary>Options whose change would make the checkpoint's position, parameters or state mean something else.</summary>
    private static readonly ToolOption[] Fixed =
        [TrainOptions.BatchSize, TrainOptions.Batches, TrainOptions.Seed, TrainOptions.Optimizer];

    /// <summary>Places: files may move, their contents are compared.</summary>
    private static readonly ToolOption[] Movable = [DataOptions.RawFile, DataOptions.ProcessedFile];

    private ResumePoint(string run, bool here, RunLock? guard)
    {
        Run = run;
        GoesOnHere = here;
        Lock = guard;
    }

    /// <summary>The run's folder.</summary>
    public string Run { get; }

    /// <summary>Whether the run goes on in that folder.</summary>
    public bool GoesOnHere { get; }

    /// <summary>The lock of it; null where the run goes on in another folder, and on ranks but the first.</summary>
    public RunLock? Lock { get; }

    /// <summary>The checkpoint, opened and checked; null when there is none yet and the run begins anew.</summary>
    public ModelFolder? Folder { get; private set; }

    /// <summary>Where training stood.</summary>
    public TrainerState? State { get; private set; }

    /// <summary>The run's config.json as the checkpoint has it, or as the folder has it; null for neither.</summary>
    public JsonNode? Record { get; private set; }

    /// <summary>Finds what the options ask for.</summary>
    /// <param name="given">The options.</param>
    /// <param name="error">Told what is damaged, and what is used.</param>
    /// <param name="guard">Whether this process takes the folder's lock, as the first rank does for all.</param>
    /// <returns>Null when they do not ask to resume.</returns>
    /// <exception cref="UsageException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">There are checkpoints and none is sound.</exception>
    public static ResumePoint? Of(OptionValues given, TextWriter error, bool guard = true)
    {
        string asked = given.Get(CheckpointingOptions.Resume);
        if (asked.Length == 0)
        {
            return null;
        }

        (string run, string? checkpoint) = Locate(given, asked);
        string output = given.Get(RunOptions.OutputDirectory);
        bool elsewhere = output.Length > 0 && Path.GetFullPath(output) != Path.GetFullPath(run);
        bool here = !elsewhere && Directory.Exists(run);
        var point = new ResumePoint(run, here, here && guard ? RunLock.Take(run) : null);
        try
        {
            if (point.Lock?.Stale is { } stale)
            {
                error.WriteLine($"{run} was being written by {stale}, which ended without a word; its lock is taken over.");
            }

            point.Open(checkpoint, error);
            return point;
        }
        catch
        {
            point.Dispose();
            throw;
        }
    }

    /// <summary>The options given, and below them those of the run.</summary>
    /// <param name="given">The options.</param>
    /// <param name="error">Told of options that change the rest of the run.</param>
    /// <exception cref="UsageException">An option is given that the checkpoint cannot go on with; both values are named.</exception>
    public OptionValues Apply(OptionValues given, TextWriter error)
    {
        var recorded = new Dictionary<ToolOption, object>();
        if (Record?["options"] is JsonObject)
        {
            using JsonDocument document = JsonDocument.Parse(Record.ToJsonString());
            recorded = new Dictionary<ToolOption, object>(OptionFile.ReadKnown(document.RootElement, given.Options));
            if ((string?)Record[RunRecord.SaveModelMember] is { } save)
            {
                recorded[RunOptions.SaveModel] = save;
            }
        }

        if (State is not null)
        {
            Compare(given, new OptionValues(given.Options, recorded), error);
        }

        recorded[RunOptions.OutputDirectory] = Run;
        return given.WithPreset(recorded);
    }

    /// <summary>Refuses data that are not those of the checkpoint's run.</summary>
    /// <param name="data">The data.</param>
    /// <exception cref="UsageException">A fact about them differs; both sides are named.</exception>
    public void RequireSameData(RunData data)
    {
        if (State is null || Record?["data"] is not JsonObject before)
        {
            return;
        }

        foreach ((string name, JsonNode? value) in data.Facts)
        {
            bool place = name is "file" or "description";
            if (!place && before.TryGetPropertyValue(name, out JsonNode? old) && !JsonNode.DeepEquals(old, value))
            {
                throw new UsageException(
                    $"--resume: {Folder!.FullPath} was trained on data with {name} {old?.ToJsonString()}; {data.Title} has "
                    + $"{value?.ToJsonString()}: go on with the same data.");
            }
        }
    }

    public void Dispose()
    {
        Folder?.Dispose();
        Lock?.Dispose();
    }

    private static (string Run, string? Checkpoint) Locate(OptionValues given, string asked)
    {
        string output = given.Get(RunOptions.OutputDirectory);
        if (asked == CheckpointingOptions.Newest && !Directory.Exists(asked))
        {
            return (output.Length > 0 ? output : NewestRun(), null);
        }

        if (!Directory.Exists(asked))
        {
            throw new UsageException($"--resume={asked}: there is no such folder.");
        }

        if (!File.Exists(Path.Combine(asked, "manifest.json")))
        {
            return (asked, null);
        }

        string parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(asked))) ?? asked;
        string run = Path.GetFileName(parent) == "checkpoints" ? Path.GetDirectoryName(parent) ?? parent : parent;
        if (!File.Exists(Path.Combine(run, "config.json")) && output.Length == 0)
        {
            throw new UsageException(
                $"--resume={asked} is a checkpoint outside a run's folder: name the folder that the run shall go on in, --output-dir=DIR.");
        }

        return (run, asked);
    }

    private static string NewestRun()
    {
        string[] runs = Directory.Exists("runs") ? Directory.GetDirectories("runs") : [];
        return runs
            .Where(run => Candidates(run).Any())
            .MaxBy(run => Candidates(run).Max(path => Directory.GetLastWriteTimeUtc(path)))
            ?? throw new UsageException(
                "--resume: no folder in runs/ holds a checkpoint; name the run's folder, as in --resume=DIR or --output-dir=DIR --resume.");
    }

    /// <summary>Checkpoints of a run, newest first; the model it ended with holds all of one too.</summary>
    private static IEnumerable<string> Candidates(string run)
    {
        IEnumerable<(long Step, string Path)> found = new CheckpointFolder(Path.Combine(run, "checkpoints")).List();
        string model = Path.Combine(run, "model");
        if (Directory.Exists(model))
        {
            found = found.Append((StepOfModel(model), model));
        }

        return found.OrderByDescending(entry => entry.Step).Select(entry => entry.Path);
    }

    /// <summary>For the order alone: the file is checked when the folder is opened.</summary>
    private static long StepOfModel(string model)
    {
        try
        {
            return (long?)JsonNode.Parse(File.ReadAllText(Path.Combine(model, "state.json")))?["step"] ?? 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or FormatException)
        {
            return 0;
        }
    }

    private void Open(string? checkpoint, TextWriter error)
    {
        var failures = new List<string>();
        foreach (string path in checkpoint is null ? Candidates(Run) : [checkpoint])
        {
            try
            {
                if (TryOpen(path))
                {
                    error.WriteLine($"Going on with {Folder!.FullPath}, after step {State!.Step}.");
                    return;
                }

                if (checkpoint is not null)
                {
                    throw new UsageException(
                        $"--resume={checkpoint} is a model without the place where training stood: --load-model={checkpoint} begins a new run "
                        + "with it.");
                }
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                failures.Add(exception.Message);
                error.WriteLine($"Warning: {exception.Message} The checkpoint before it is tried.");
            }
        }

        if (failures.Count > 0)
        {
            throw new InvalidDataException(
                $"--resume: no checkpoint of {Run} is sound ({failures.Count} were tried; the newest: {failures[0]}) To begin anew, name "
                + "another --output-dir.");
        }

        Record = ReadRecord(Path.Combine(Run, "config.json"));
        error.WriteLine($"{Run} holds no checkpoint yet: the run begins anew.");
    }

    /// <summary>False for a model that was saved without what it takes to go on.</summary>
    private bool TryOpen(string path)
    {
        ModelFolder folder = ModelFolder.Open(path);
        try
        {
            TrainerState? state = folder.StateJson is { } json ? ReadState(folder, json) : null;
            if (state is not { BatchesPerEpoch: > 0 })
            {
                folder.Dispose();
                return false;
            }

            if (folder.FileNames.Contains(RunRecord.NameInModel))
            {
                using Stream stream = folder.OpenFile(RunRecord.NameInModel);
                Record = JsonNode.Parse(stream);
            }

            (Folder, State) = (folder, state);
            return true;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static TrainerState ReadState(ModelFolder folder, string json)
    {
        try
        {
            return TrainerState.FromJson(json);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{Path.Combine(folder.FullPath, "state.json")}: {exception.Message}", exception);
        }
    }

    private static JsonNode? ReadRecord(string path)
    {
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;
        }
        catch (JsonException)
        {
            return null; // cut short by a crash: the command line has to say it all
        }
    }

    private void Compare(OptionValues given, OptionValues before, TextWriter error)
    {
        foreach (ToolOption option in given.Options.Where(given.IsGiven))
        {
            string now = given.Text(option);
            string then = before.Text(option);
            if (now == then || Movable.Contains(option))
            {
                continue;
            }

            if (Fixed.Contains(option) || option.Group is OptionGroup.Model or OptionGroup.Data or OptionGroup.RandomData)
            {
                throw new UsageException(
                    $"{option.Switch}={now}, but {Folder!.FullPath} was saved with {then}: a checkpoint cannot go on with another. Leave "
                    + "the option out, or begin anew with --load-model.");
            }

            if (option.Group is OptionGroup.Training or OptionGroup.Loss or OptionGroup.Testing)
            {
                error.WriteLine($"From here on {option.Switch}={now}; until step {State!.Step} it was {then}.");
            }
        }
    }
}
