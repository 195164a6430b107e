using System.Text;
using System.Text.Json;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Checkpoints;

/// <summary>
/// A saved model: a folder of config.json, model.safetensors, state.json, optimizer.safetensors and manifest.json.
/// </summary>
/// <remarks>
/// Saving never leaves half a model: see <see cref="Save(string, ModelContents)"/>. Opening checks every byte against
/// the manifest before anything is used. The tensor files open in any tool that reads safetensors.
/// </remarks>
public sealed class ModelFolder : IDisposable
{
    private const string ConfigName = "config.json";
    private const string StateName = "state.json";
    internal const string ModelStem = "model";
    internal const string OptimizerStem = "optimizer";

    private readonly Manifest _manifest;
    private readonly TensorFiles _model;
    private readonly TensorFiles _optimizer;

    private ModelFolder(string path, Manifest manifest, TensorFiles model, TensorFiles optimizer)
    {
        FullPath = path;
        _manifest = manifest;
        _model = model;
        _optimizer = optimizer;
        ConfigJson = File.ReadAllText(Path.Combine(path, ConfigName));
        StateJson = manifest.Files.ContainsKey(StateName) ? File.ReadAllText(Path.Combine(path, StateName)) : null;
    }

    /// <summary>Where the folder was found.</summary>
    public string FullPath { get; }

    /// <summary>config.json.</summary>
    public string ConfigJson { get; }

    /// <summary>state.json, or null.</summary>
    public string? StateJson { get; }

    /// <summary>The model's tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _model.Tensors;

    /// <summary>The optimizer's tensors by name; empty when none were saved.</summary>
    public IReadOnlyDictionary<string, TensorInfo> OptimizerTensors => _optimizer.Tensors;

    /// <summary>The files of the folder, manifest.json aside.</summary>
    public IEnumerable<string> FileNames => _manifest.Files.Keys;

    /// <summary>Saves a model: configuration, parameters and, if given, the state of training.</summary>
    /// <param name="path">A new folder, or a saved one, which is replaced.</param>
    /// <param name="configJson">The configuration.</param>
    /// <param name="parameters">The parameters, in the order of the file.</param>
    /// <param name="stateJson">The state of training, or null.</param>
    /// <exception cref="IOException">It could not be saved; what was there before is untouched.</exception>
    public static void Save(string path, string configJson, IEnumerable<Parameter> parameters, string? stateJson = null)
        => Save(path, new ModelContents
        {
            ConfigJson = configJson,
            Tensors = [.. parameters.Select(TensorSource.Of)],
            StateJson = stateJson,
        });

    /// <summary>
    /// Saves a model whole or not at all: written to a folder aside, flushed to the disk, read back and compared, renamed.
    /// </summary>
    /// <param name="path">A new folder, an empty one, or a saved one, which is replaced.</param>
    /// <param name="contents">What to save.</param>
    /// <exception cref="ArgumentException">A text is not JSON, or a name occurs twice.</exception>
    /// <exception cref="IOException">
    /// It could not be saved, or the path holds something else; what was there before is untouched.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// The disk gave back other bytes than it was given, or a value is not finite and <see cref="ModelContents.RequireFinite"/>.
    /// </exception>
    public static void Save(string path, ModelContents contents) => Save(path, contents, FileLayer.Disk);

    /// <summary>Saves a model with its optimizer's state; where ranks share it, all of them call this and rank 0 writes the folder.</summary>
    /// <param name="path">A new folder, an empty one, or a saved one, which is replaced.</param>
    /// <param name="model">The model, between steps.</param>
    /// <param name="contents">All but the tensors, which are the model's.</param>
    /// <exception cref="IOException">It could not be saved, on every rank; what was there before is untouched.</exception>
    /// <exception cref="InvalidDataException">In one process: as for the other.</exception>
    public static void Save(string path, DlrmModel model, ModelContents contents)
    {
        if (model.Distribution is not null)
        {
            RankedContents.SaveWhole(model, path, contents, FileLayer.Disk);
            return;
        }

        Save(path, contents with
        {
            Tensors = [.. model.Parameters.Select(TensorSource.Of)],
            OptimizerTensors =
            [
                .. (model.Optimizer?.States ?? []).Select(state =>
                    TensorSource.Of(state.Name, [.. state.Shape.Select(extent => (long)extent)], state.Value)),
            ],
        });
    }

    /// <summary>Opens a saved model and checks it.</summary>
    /// <param name="path">The path it was saved to.</param>
    /// <param name="verifyHashes">
    /// False to compare only the sizes of files and the headers of tensors, where reading everything once more takes too long.
    /// </param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is no saved model, or it is damaged: the message names the file.</exception>
    public static ModelFolder Open(string path, bool verifyHashes = true)
    {
        string folder = AtomicFolder.Find(path);
        var manifest = Manifest.Read(folder);
        if (!manifest.Files.ContainsKey(ConfigName))
        {
            throw new InvalidDataException($"{folder} is no saved model: it has no {ConfigName}.");
        }

        manifest.Verify(folder, verifyHashes);
        var model = TensorFiles.Open(folder, ModelStem);
        TensorFiles? optimizer = null;
        try
        {
            optimizer = TensorFiles.Open(folder, OptimizerStem);
            return new ModelFolder(folder, manifest, model, optimizer);
        }
        catch
        {
            model.Dispose();
            optimizer?.Dispose();
            throw;
        }
    }

    /// <summary>True when every value of every parameter is finite; reads at the speed of memory.</summary>
    /// <param name="parameters">What is to be saved.</param>
    public static bool AllFinite(IEnumerable<Parameter> parameters)
        => parameters.All(parameter => Finiteness.AllFinite(parameter));

    /// <summary>True when every value of a model is finite; where ranks share it, all call this and get one answer.</summary>
    /// <param name="model">The model.</param>
    public static bool AllFinite(DlrmModel model)
    {
        bool own = AllFinite(model.Parameters);
        if (model.Distribution is not { Communicator: { } communicator })
        {
            return own;
        }

        using var broken = new NativeBuffer<double>(1);
        broken[0] = own ? 0 : 1;
        communicator.AllReduceSum(broken.Span);
        return broken[0] == 0;
    }

    /// <summary>Reads a tensor of the model straight into a buffer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="destination">As many elements as the shape has.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <exception cref="InvalidDataException">There is no such tensor, or it has another type or shape.</exception>
    public void ReadInto(string name, NativeBuffer<float> destination, ReadOnlySpan<int> shape)
    {
        Span<long> extents = stackalloc long[shape.Length];
        for (int i = 0; i < shape.Length; i++)
        {
            extents[i] = shape[i];
        }

        _model.ReadInto(name, destination, extents);
    }

    /// <summary>Reads all parameters of a model, which must be exactly those that were saved.</summary>
    /// <param name="parameters">The parameters; their values are overwritten.</param>
    /// <exception cref="InvalidDataException">One is missing, has another shape, or a saved one is not among them.</exception>
    public void ReadAll(IReadOnlyCollection<Parameter> parameters)
    {
        var wanted = parameters.Select(StoredParameter.Name).ToHashSet(StringComparer.Ordinal);
        bool isShared = parameters.Any(parameter => parameter.IsShared);
        if (_model.Tensors.Keys.FirstOrDefault(name => !wanted.Contains(name) && !(isShared && IsOfTable(name))) is { } unwanted)
        {
            throw new InvalidDataException(
                $"{FullPath} holds tensor '{unwanted}', which the model of its {ConfigName} does not have.");
        }

        // All are compared before the first is read, so that a model is never half one and half the other.
        foreach (Parameter parameter in parameters)
        {
            long[] shape = TensorPart.Of(parameter.Name, parameter.Region, parameter.Shape.Count)?.Shape ?? StoredParameter.Shape(parameter);
            _model.Require(StoredParameter.Name(parameter), StoredParameter.Type(parameter), shape);
        }

        foreach (Parameter parameter in parameters)
        {
            if (TensorPart.Of(parameter.Name, parameter.Region, parameter.Shape.Count) is { } part)
            {
                if (parameter.Storage == StorageFormat.Float32)
                {
                    PartReader.Read(_model, part, parameter.Value, sizeof(float));
                }
                else
                {
                    PartReader.Read(_model, part, parameter.Packed, StoredParameter.Type(parameter).Size());
                }
            }
            else if (parameter.Storage == StorageFormat.Float32)
            {
                ReadInto(parameter.Name, parameter.Value, parameter.Shape.ToArray());
            }
            else
            {
                _model.ReadInto(
                    StoredParameter.Name(parameter), parameter.Packed, StoredParameter.Shape(parameter), StoredParameter.Type(parameter));
            }
        }
    }

    /// <summary>Reads all state of an optimizer, which must be exactly what was saved; compared before the first is read.</summary>
    /// <param name="states">The state; its values are overwritten.</param>
    /// <exception cref="InvalidDataException">One is missing or has another shape, or a saved one is not among them.</exception>
    public void ReadAllOptimizer(IReadOnlyCollection<OptimizerState> states)
    {
        CheckOptimizer(states);
        ReadStates(states);
    }

    /// <summary>Reads all state of an optimizer if it was saved; other state may have been saved too.</summary>
    /// <param name="states">The state; its values are overwritten.</param>
    /// <returns>False where one is missing or has another shape: nothing was read.</returns>
    public bool TryReadOptimizer(IReadOnlyCollection<OptimizerState> states)
    {
        foreach (OptimizerState state in states)
        {
            if (!_optimizer.Tensors.TryGetValue(state.Name, out TensorInfo? saved) || !saved.Shape.SequenceEqual(WholeShape(state)))
            {
                return false;
            }
        }

        ReadStates(states);
        return true;
    }

    /// <summary>Compares names and shapes of an optimizer's state with what was saved.</summary>
    /// <param name="states">The state.</param>
    /// <exception cref="InvalidDataException">They differ; the message names both sides.</exception>
    public void CheckOptimizer(IReadOnlyCollection<OptimizerState> states)
    {
        var wanted = states.Select(state => state.Name).ToHashSet(StringComparer.Ordinal);
        bool isShared = states.Any(state => state.IsShared);
        if (_optimizer.Tensors.Keys.FirstOrDefault(name => !wanted.Contains(name) && !(isShared && IsOfTable(name))) is { } unwanted)
        {
            throw new InvalidDataException(
                $"{FullPath} holds the optimizer's '{unwanted}', which this optimizer does not keep: go on with the one it was saved with.");
        }

        foreach (OptimizerState state in states)
        {
            _optimizer.Require(state.Name, TensorType.F32, WholeShape(state));
        }
    }

    /// <summary>Reads a tensor of the optimizer straight into a buffer.</summary>
    /// <typeparam name="T">The C# type of its elements.</typeparam>
    /// <param name="name">Its name.</param>
    /// <param name="destination">As many elements as the shape has.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <exception cref="InvalidDataException">There is no such tensor, or it has another type or shape.</exception>
    public void ReadOptimizerInto<T>(string name, NativeBuffer<T> destination, ReadOnlySpan<long> shape)
        where T : unmanaged
        => _optimizer.ReadInto(name, destination, shape);

    /// <summary>The file of a tensor of the model, open at its first byte.</summary>
    internal Stream OpenTensorAt(string name) => _model.OpenAt(name);

    /// <summary>The file of a tensor of the optimizer, open at its first byte.</summary>
    internal Stream OpenOptimizerTensorAt(string name) => _optimizer.OpenAt(name);

    /// <summary>Opens a further file of the folder, e.g. a vocabulary, for reading.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="InvalidDataException">The model was saved without it.</exception>
    public Stream OpenFile(string name)
        => _manifest.Files.ContainsKey(name)
            ? File.OpenRead(Path.Combine(FullPath, name))
            : throw new InvalidDataException($"{FullPath} holds no '{name}'; it holds {string.Join(", ", FileNames)}.");

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _model.Dispose();
        _optimizer.Dispose();
    }

    internal static void Save(string path, ModelContents contents, FileLayer layer)
    {
        CheckJson(contents.ConfigJson, ConfigName);
        if (contents.Ranks is { } ranks)
        {
            ranks.Write(path, contents, layer);
            if (ranks.Rank != 0)
            {
                return;
            }
        }

        using var folder = AtomicFolder.Begin(path, layer);
        WriteText(folder, ConfigName, contents.ConfigJson);
        if (contents.Ranks is null)
        {
            TensorFiles.Write(folder, ModelStem, contents.Tensors, contents.ShardBytes, contents.RequireFinite);
        }
        else
        {
            Adopt(folder, contents.Ranks, path, layer);
        }

        if (contents.StateJson is { } state)
        {
            CheckJson(state, StateName);
            WriteText(folder, StateName, state);
        }

        if (contents.OptimizerTensors.Count > 0 && contents.Ranks is null)
        {
            TensorFiles.Write(folder, OptimizerStem, contents.OptimizerTensors, contents.ShardBytes);
        }

        foreach ((string name, Action<Stream> write) in contents.Files)
        {
            using Stream stream = folder.Create(name);
            write(stream);
        }

        folder.Commit();
    }

    private static void Adopt(AtomicFolder folder, RankedSave ranks, string path, FileLayer layer)
    {
        try
        {
            foreach ((string name, Manifest.Entry entry) in ranks.Wait(path))
            {
                folder.Adopt(name, Path.Combine(ranks.PartsOf(path), name), entry);
            }
        }
        finally
        {
            ranks.Clear(path, layer);
        }
    }

    /// <summary>True for tensors that some ranks have and others have not.</summary>
    private static bool IsOfTable(string name) =>
        name.StartsWith("emb_l.", StringComparison.Ordinal) || name.StartsWith("v_W_l.", StringComparison.Ordinal);

    private static long[] WholeShape(OptimizerState state) =>
        TensorPart.Of(state.Name, state.Region, state.Shape.Count)?.Shape ?? [.. state.Shape.Select(extent => (long)extent)];

    private void ReadStates(IReadOnlyCollection<OptimizerState> states)
    {
        foreach (OptimizerState state in states)
        {
            if (TensorPart.Of(state.Name, state.Region, state.Shape.Count) is { } part)
            {
                PartReader.Read(_optimizer, part, state.Value, sizeof(float));
            }
            else
            {
                _optimizer.ReadInto(state.Name, state.Value, WholeShape(state));
            }
        }
    }

    private static void WriteText(AtomicFolder folder, string name, string text)
    {
        using Stream stream = folder.Create(name);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private static void CheckJson(string text, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
        }
        catch (JsonException exception)
        {
            throw new ArgumentException($"What should become {name} is not JSON: {exception.Message}", nameof(text), exception);
        }
    }
}
