using System.Runtime.InteropServices;
using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Kernels;
using Dlrm.Model;

namespace Dlrm.Interop.Models;

/// <summary>A model folder of ours, read like the files of others, to be exported.</summary>
internal sealed class FolderModelFile : ModelFile
{
    private readonly ModelFolder _folder;
    private readonly Dictionary<string, int[]> _shapes;

    private FolderModelFile(ModelFolder folder)
        : base(folder.FullPath, DlrmConfig.FromJson(folder.ConfigJson))
    {
        _folder = folder;
        _shapes = ParameterShapes.Of(Config).ToDictionary(entry => entry.Name, entry => entry.Shape, StringComparer.Ordinal);
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

    internal override IReadOnlyList<long>? ShapeOf(string name)
        => Rowwise(name) is { } rows && _shapes[name] is [_, var columns] && rows.Tensor.Shape[1] == rows.Format.RowBytes(columns)
            ? [rows.Tensor.Shape[0], columns]
            : _folder.Tensors.GetValueOrDefault(name)?.Shape;

    internal override Stream OpenParameter(string name)
    {
        if (Rowwise(name) is { } rows)
        {
            int bytes = (int)rows.Tensor.Shape[1];
            int columns = _shapes[name][1];
            return new SingleStream(
                _folder.OpenTensorAt(rows.Tensor.Name), bytes, columns, rows.Tensor.Shape[0], $"{Path}, tensor '{rows.Tensor.Name}'", Decode);

            void Decode(ReadOnlySpan<byte> raw, Span<float> values)
            {
                for (int row = 0; row < raw.Length / bytes; row++)
                {
                    RowCodec.Decode(rows.Format, raw.Slice(row * bytes, bytes), values.Slice(row * columns, columns));
                }
            }
        }

        TensorInfo tensor = _folder.Tensors[name];
        if (tensor.Type != TensorType.I8)
        {
            return Single(_folder.OpenTensorAt(name), tensor);
        }

        float scale = ReadScale(name);
        return new SingleStream(_folder.OpenTensorAt(name), 1, 1, tensor.Bytes, $"{Path}, tensor '{name}'", (raw, values) =>
        {
            for (int i = 0; i < raw.Length; i++)
            {
                values[i] = scale * (sbyte)raw[i];
            }
        });
    }

    internal override Stream OpenOptimizerState(string name)
        => Single(_folder.OpenOptimizerTensorAt(name), _folder.OptimizerTensors[name]);

    protected override void Dispose(bool disposing) => _folder.Dispose();

    /// <summary>The tensor of a table whose rows have a scale and a bias each; null for others.</summary>
    private (StorageFormat Format, TensorInfo Tensor)? Rowwise(string name)
        => _folder.Tensors.GetValueOrDefault(name + ".rowwise8") is { } bytes ? (StorageFormat.Rowwise8, bytes)
            : _folder.Tensors.GetValueOrDefault(name + ".rowwise4") is { } halves ? (StorageFormat.Rowwise4, halves)
            : null;

    /// <summary>What a step of a matrix of signed bytes is worth.</summary>
    private float ReadScale(string name)
    {
        using Stream stream = OpenParameter(name + ".scale");
        float scale = 0;
        stream.ReadExactly(MemoryMarshal.AsBytes(new Span<float>(ref scale)));
        return scale;
    }

    private SingleStream Single(Stream stream, TensorInfo tensor)
        => new(stream, tensor.Type, tensor.Bytes / tensor.Type.Size(), $"{Path}, tensor '{tensor.Name}'");
}
