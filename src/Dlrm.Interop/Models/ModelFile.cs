using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Interop.PyTorch;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Interop.Models;

/// <summary>A model in a file of another program: its architecture, where training stood, and its tensors, read when asked for.</summary>
public abstract class ModelFile : IDisposable
{
    private const int Piece = 1 << 20;

    private protected ModelFile(string path, DlrmConfig config)
    {
        Path = path;
        Config = config;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The architecture, from the file or from the shapes of its tensors.</summary>
    public DlrmConfig Config { get; }

    /// <summary>Where training stood; null when the file does not say.</summary>
    public TrainingCounters? Counters { get; private protected init; }

    /// <summary>The optimizer whose state is there, e.g. <c>adagrad</c>; null for none.</summary>
    public string? OptimizerName { get; private protected init; }

    /// <summary>The learning rate it was saved with; null when the file does not say.</summary>
    public double? LearningRate { get; private protected init; }

    /// <summary>The optimizer's tensors by our names, e.g. <c>emb_l.0.weight.sum</c>, with their shapes.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<long>> OptimizerShapes { get; private protected init; } =
        new Dictionary<string, IReadOnlyList<long>>();

    /// <summary>Whether a path names a file of a kind that <see cref="Open"/> reads.</summary>
    /// <param name="path">Any path.</param>
    public static bool IsKnown(string path) => ModelFormats.Of(path) is not null;

    /// <summary>Opens a model folder, or a file by its name: .pt, .pth (PyTorch), .onnx, .npz.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="hints">What is known of the model besides.</param>
    /// <exception cref="RefusedFileException">It is damaged, holds no DLRM, or more than data.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelFile Open(string path, ModelHints? hints = null)
        => Directory.Exists(path) ? FolderModelFile.Read(path) : (ModelFormats.Of(path) ?? throw new RefusedFileException(
            RefusalReason.NotThisFormat, $"{path}: models are read from {ModelFormats.Known} files."))
            .Read(path, hints ?? new ModelHints());

    /// <summary>Reads all parameters straight into a model's memory.</summary>
    /// <param name="model">Of the same shapes; its values are overwritten only after all shapes were compared.</param>
    /// <exception cref="RefusedFileException">A tensor is missing, or has another shape.</exception>
    public virtual void ReadInto(DlrmModel model)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            RequireShape(parameter.Name, parameter.Shape);
        }

        foreach (Parameter parameter in model.Parameters)
        {
            using Stream stream = OpenParameter(parameter.Name);
            Fill(stream, parameter);
        }

        model.ParametersChanged();
    }

    /// <summary>Reads the optimizer's state, whole or not at all.</summary>
    /// <param name="optimizer">A new one, its state zero.</param>
    /// <returns>False when the file lacks a tensor of it: nothing was read.</returns>
    public bool ReadInto(Optimizer optimizer)
    {
        foreach (OptimizerState state in optimizer.States)
        {
            if (!OptimizerShapes.TryGetValue(state.Name, out IReadOnlyList<long>? shape)
                || !shape.SequenceEqual(state.Shape.Select(extent => (long)extent)))
            {
                return false;
            }
        }

        foreach (OptimizerState state in optimizer.States)
        {
            using Stream stream = OpenOptimizerState(state.Name);
            Fill(stream, state.Value);
        }

        return true;
    }

    /// <summary>What a model folder needs; tensors pass through in pieces when it is saved.</summary>
    /// <param name="stateJson">state.json, or null.</param>
    /// <exception cref="RefusedFileException">A tensor is missing, or has another shape than the architecture says.</exception>
    public ModelContents ToContents(string? stateJson) => new()
    {
        ConfigJson = Config.ToJson(),
        StateJson = stateJson,
        Tensors =
        [
            .. ParameterShapes.Of(Config).Select(entry =>
            {
                RequireShape(entry.Name, entry.Shape);
                return Streamed(entry.Name, [.. entry.Shape.Select(extent => (long)extent)], OpenParameter);
            }),
        ],
        OptimizerTensors = [.. OptimizerShapes.Select(entry => Streamed(entry.Key, [.. entry.Value], OpenOptimizerState))],
    };

    /// <summary>
    /// What a PyTorch checkpoint needs; tensors pass through in pieces when it is written. It is in single precision: weights in
    /// fewer bits become the numbers they stand for.
    /// </summary>
    /// <exception cref="RefusedFileException">A tensor is missing, or has another shape than the architecture says.</exception>
    public TorchModelContents ToTorch()
    {
        ModelContents contents = ToContents(stateJson: null);
        return new TorchModelContents
        {
            Config = Config with { Precision = new ModelPrecision { EmbeddingType = Config.Precision.EmbeddingType } },
            Tensors = contents.Tensors,
            OptimizerTensors = contents.OptimizerTensors,
            OptimizerName = OptimizerName ?? "sgd",
            LearningRate = LearningRate ?? 0.01,
            Counters = Counters ?? new TrainingCounters(),
        };
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A parameter's shape; null when it is not there.</summary>
    internal abstract IReadOnlyList<long>? ShapeOf(string name);

    /// <summary>A parameter's elements, little-endian single precision.</summary>
    internal abstract Stream OpenParameter(string name);

    /// <summary>The elements of one of <see cref="OptimizerShapes"/>.</summary>
    internal virtual Stream OpenOptimizerState(string name) => throw new KeyNotFoundException(name);

    /// <summary>Closes the file.</summary>
    /// <param name="disposing">True: there is no finalizer.</param>
    protected abstract void Dispose(bool disposing);

    private static TensorSource Streamed(string name, long[] shape, Func<string, Stream> open)
        => TensorSource.Streaming(name, TensorType.F32, shape, target =>
        {
            using Stream stream = open(name);
            stream.CopyTo(target, Piece);
        });

    private static void Fill(Stream stream, Parameter parameter)
    {
        if (parameter.Storage == StorageFormat.Float32)
        {
            Fill(stream, parameter.Value);
            return;
        }

        int columns = parameter.Shape[^1];
        float[] row = new float[columns];
        for (long at = 0; at < parameter.Elements / columns; at++)
        {
            stream.ReadExactly(MemoryMarshal.AsBytes(row.AsSpan()));
            parameter.Write(at, row);
        }
    }

    private static void Fill(Stream stream, NativeBuffer<float> values)
    {
        for (long start = 0; start < values.Length; start += Piece)
        {
            int length = (int)Math.Min(Piece, values.Length - start);
            stream.ReadExactly(MemoryMarshal.AsBytes(values.Slice(start, length)));
        }
    }

    private void RequireShape(string name, IReadOnlyList<int> expected)
    {
        IReadOnlyList<long>? shape = ShapeOf(name);
        if (shape is null || !shape.SequenceEqual(expected.Select(extent => (long)extent)))
        {
            throw new RefusedFileException(
                RefusalReason.NotThisFormat,
                $"{Path}: tensor '{name}' {(shape is null ? "is missing" : $"has the shape ({string.Join(", ", shape)})")}, the model "
                + $"has ({string.Join(", ", expected)}).");
        }
    }
}
