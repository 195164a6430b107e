using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Data.Folders;
using Dlrm.Data.Scoring;
using Dlrm.Model;
using Dlrm.Serving.Metrics;

namespace Dlrm.Serving.Models;

/// <summary>Makes a version ready: opened, checked, mapped, compared with its recorded scores, warm.</summary>
internal static class ModelLoader
{
    /// <summary>Loads.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="found">Its folder.</param>
    /// <param name="options">The server's.</param>
    /// <param name="metrics">Of all versions of the model.</param>
    /// <exception cref="InvalidDataException">It is damaged, or does not give its recorded scores.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelVersion Load(string name, VersionFolder found, ServingOptions options, BatchMetrics metrics)
    {
        using var folder = ModelFolder.Open(found.Path, options.VerifyHashes);
        var config = DlrmConfig.FromJson(folder.ConfigJson);
        RowEncoder? encoder = folder.FileNames.Contains(DataSetDescription.FileName) ? RowEncoder.Read(folder) : null;
        ServingRecord? record = folder.ServingRecord;
        MappedTensors tensors = folder.MapTensors();
        var models = new List<DlrmModel>();
        try
        {
            for (int engine = 0; engine < options.EngineCount; engine++)
            {
                models.Add(Make(folder, tensors, config, options));
            }

            record?.Check(models[0]);
            return new ModelVersion(name, found, models, tensors, encoder, record, options, metrics);
        }
        catch
        {
            foreach (DlrmModel model in models)
            {
                model.Dispose();
                model.Engine.Dispose();
            }

            tensors.Dispose();
            throw;
        }
    }

    private static DlrmModel Make(ModelFolder folder, MappedTensors tensors, DlrmConfig config, ServingOptions options)
    {
        var engine = new Engine(options.Threads);
        DlrmModel? model = null;
        try
        {
            model = new DlrmModel(config, engine, optimizer: null);
            folder.MapInto(tensors, model.Parameters);
            model.ParametersChanged();
            WarmUp(model, options.MaxBatch);
            return model;
        }
        catch
        {
            model?.Dispose();
            engine.Dispose();
            throw;
        }
    }

    /// <summary>Packs weights, makes room and compiles, so that the first request does not wait for it.</summary>
    private static void WarmUp(DlrmModel model, int rows)
    {
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        foreach (int size in (ReadOnlySpan<int>)[rows, 1])
        {
            batch.Resize(size);
            batch.Dense.Clear();
            for (int table = 0; table < batch.Tables; table++)
            {
                batch.Offsets(table).Clear();
            }

            foreach (float score in model.Predict(batch))
            {
                if (!float.IsFinite(score))
                {
                    throw new InvalidDataException("The model scores an empty row with a value that is no number: its weights are damaged.");
                }
            }
        }
    }
}
