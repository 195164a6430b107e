using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Model;

namespace Dlrm.Interop.Models;

/// <summary>A model folder of ours, read like the files of others, to be exported.</summary>
internal sealed class FolderModelFile : ModelFile
{
    private readonly ModelFolder _folder;

    private FolderModelFile(ModelFolder folder)
        : base(folder.FullPath, DlrmConfig.FromJson(folder.ConfigJson))
    {
        _folder = folder;
        OptimizerShapes = folder.OptimizerTensors.ToDictionary(
            entry => entry.Key, entry => entry.Value.Shape, StringComparer.Ordinal);
        Counters = CountersJson.Read(folder.StateJson);
        if (!folder.FileNames.Contains("run.json"))
        {
            return;
        }

        using Stream stream = folder.OpenFile("run.json");
        using JsonDocument run = JsonDocument.Parse(stream);
        if (run.RootElement.TryGetProperty("options", out JsonElement options))
        {
            OptimizerName = options.TryGetProperty("optimizer", out JsonElement name) ? name.GetString() : null;
            LearningRate = options.TryGetProperty("learning-rate", out JsonElement rate) ? rate.GetDouble() : null;
        }
    }

    /// <summary>Opens a folder, or the one inside a run's folder; every byte is compared with the manifest.</summary>
    public static FolderModelFile Read(string path)
    {
        string inside = System.IO.Path.Combine(path, "model");
        var folder = ModelFolder.Open(Directory.Exists(inside) ? inside : path);
        try
        {
            return new FolderModelFile(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void ReadInto(DlrmModel model)
    {
        _folder.ReadAll([.. model.Parameters]);
        model.ParametersChanged();
    }

    internal override IReadOnlyList<long>? ShapeOf(string name) => _folder.Tensors.GetValueOrDefault(name)?.Shape;

    internal override Stream OpenParameter(string name)
        => Single(_folder.OpenTensorAt(name), _folder.Tensors[name]);

    internal override Stream OpenOptimizerState(string name)
        => Single(_folder.OpenOptimizerTensorAt(name), _folder.OptimizerTensors[name]);

    protected override void Dispose(bool disposing) => _folder.Dispose();

    private SingleStream Single(Stream stream, TensorInfo tensor)
        => new(stream, tensor.Type, tensor.Bytes / tensor.Type.Size(), $"{Path}, tensor '{tensor.Name}'");
}
