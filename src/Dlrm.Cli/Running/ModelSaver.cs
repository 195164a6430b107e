using System.Text;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Interop.Models;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Saves a model with what it takes to evaluate it and to train on: the options of its run and the optimizer's state.</summary>
internal sealed class ModelSaver(
    DlrmModel model, string runJson, IReadOnlyDictionary<string, Action<Stream>>? dataFiles = null)
{
    private const string ManifestName = "manifest.json";

    /// <summary>What every saved model of the run holds besides.</summary>
    public IReadOnlyDictionary<string, Action<Stream>> Files { get; } = new Dictionary<string, Action<Stream>>(
        dataFiles ?? new Dictionary<string, Action<Stream>>())
    {
        [RunRecord.NameInModel] = stream => stream.Write(Encoding.UTF8.GetBytes(runJson)),
    };

    /// <summary>Samples to score and keep with a model for whoever serves it; null for none.</summary>
    public ServingRecord? Samples { get; init; }

    /// <summary>Has the scores of the last test; null before there is one.</summary>
    public Evaluator? Tests { get; set; }

    /// <summary>Refuses a place where a model cannot be saved, before hours of training lead there.</summary>
    /// <param name="path">The folder to save to.</param>
    /// <param name="source">Who named it, e.g. <c>--save-model</c>.</param>
    /// <exception cref="UsageException">It is a file, or a folder with something else in it.</exception>
    public static void CheckTarget(string path, string source)
    {
        if (ForeignModel.IsWritable(path) && source == RunOptions.SaveModel.Switch)
        {
            return;
        }

        bool foreign = Directory.Exists(path)
            && !File.Exists(Path.Combine(path, ManifestName))
            && Directory.EnumerateFileSystemEntries(path).Any();
        if (foreign || File.Exists(path))
        {
            throw new UsageException(
                $"{source}: {path} is {(foreign ? "a folder that holds something other than a model" : "a file")}: name a new folder.");
        }
    }

    /// <summary>Saves to a folder, whole or not at all.</summary>
    /// <param name="path">A new folder, or a saved model, which is replaced.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="samples">Samples done.</param>
    /// <returns>False when a parameter is not finite: such a model is worth nothing, and a saved one is left as it is.</returns>
    public bool TrySave(string path, long step, long samples)
        => TrySave(path, new JsonObject { ["step"] = step, ["samples"] = samples }.ToJsonString());

    /// <summary>Saves to a folder, whole or not at all.</summary>
    /// <param name="path">A new folder, or a saved model, which is replaced.</param>
    /// <param name="stateJson">Where training stands.</param>
    /// <returns>As the other.</returns>
    public bool TrySave(string path, string stateJson)
    {
        if (!ModelFolder.AllFinite(model))
        {
            return false;
        }

        ModelFolder.Save(path, model, new ModelContents
        {
            ConfigJson = model.Config.ToJson(),
            Tensors = [],
            StateJson = stateJson,
            Files = FilesWithSamples(),
        });
        return true;
    }

    private IReadOnlyDictionary<string, Action<Stream>> FilesWithSamples()
    {
        // Ranks add up in another order than the one process that will serve the model, which compares bits.
        if (Samples is null || model.Distribution is not null)
        {
            return Files;
        }

        string json = Samples.ScoredBy(model).With(Tests?.Scores.ComputeCurves()?.Scores).ToJson();
        return new Dictionary<string, Action<Stream>>(Files)
        {
            [ServingRecord.FileName] = stream => stream.Write(Encoding.UTF8.GetBytes(json)),
        };
    }

    /// <summary>Saves to a file for another program, whole or not at all.</summary>
    /// <param name="path">Its name ends in .pt.</param>
    /// <param name="values">The run's options.</param>
    /// <param name="counters">Where training stands.</param>
    /// <returns>False when a parameter is not finite.</returns>
    public bool TrySaveFile(string path, OptionValues values, TrainingCounters counters)
    {
        if (!ModelFolder.AllFinite(model.Parameters))
        {
            return false;
        }

        ForeignModel.Save(path, model, values, counters);
        return true;
    }
}
