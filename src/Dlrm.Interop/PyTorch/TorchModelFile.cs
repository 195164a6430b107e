using Dlrm.Interop.Models;
using Dlrm.Interop.Pickle;
using Dlrm.Model;

namespace Dlrm.Interop.PyTorch;

/// <summary>A model in a PyTorch file: the reference's checkpoint, ours, TorchRec's, or a bare state_dict.</summary>
internal sealed class TorchModelFile : ModelFile
{
    private readonly TorchFile _file;
    private readonly ITensorArchive _archive;
    private readonly Dictionary<string, TorchTensor> _optimizer = new(StringComparer.Ordinal);

    private TorchModelFile(TorchFile file, ITensorArchive archive, DlrmConfig config)
        : base(file.Path, config)
    {
        _file = file;
        _archive = archive;
        if (file.Root is not PickleDictionary root)
        {
            return;
        }

        var own = root[TorchKeys.Own] as PickleDictionary;
        Counters = ReadCounters(root);
        if (root[TorchKeys.Optimizer] is PickleDictionary optimizer)
        {
            LearningRate = ReadState(optimizer);
            foreach ((object key, object? value) in (own?[TorchKeys.OwnState] as PickleDictionary)?.Entries ?? [])
            {
                if (key is string name && value is TorchTensor tensor)
                {
                    _optimizer[name] = tensor;
                }
            }

            OptimizerName = own?[TorchKeys.OwnOptimizer] as string ?? Guess();
        }

        OptimizerShapes = _optimizer.ToDictionary(entry => entry.Key, entry => entry.Value.Shape, StringComparer.Ordinal);
    }

    public static ModelFile Read(string path, ModelHints hints)
    {
        var file = TorchFile.Open(path);
        try
        {
            ITensorArchive archive = new TorchArchive(file);
            if (TorchRecNames.AreIn(archive))
            {
                archive = new TorchRecArchive(archive);
            }
            else if (TowerNames.AreIn(archive))
            {
                archive = new TowerArchive(archive);
            }

            return new TorchModelFile(file, archive, OwnConfig(file) ?? ConfigReader.Read(archive, hints));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal override IReadOnlyList<long>? ShapeOf(string name) => _archive.Shapes.GetValueOrDefault(name);

    internal override Stream OpenParameter(string name) => _archive.Open(name);

    internal override Stream OpenOptimizerState(string name) => _file.OpenTensor(_optimizer[name], name);

    protected override void Dispose(bool disposing) => _archive.Dispose();

    private static DlrmConfig? OwnConfig(TorchFile file)
    {
        if ((file.Root as PickleDictionary)?[TorchKeys.Own] is not PickleDictionary own || own[TorchKeys.OwnConfig] is not string json)
        {
            return null;
        }

        try
        {
            return DlrmConfig.FromJson(json);
        }
        catch (InvalidDataException exception)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{file.Path}: {exception.Message}", exception);
        }
    }

    private TrainingCounters? ReadCounters(PickleDictionary root) => !root.Contains(TorchKeys.Iteration)
        ? null
        : new TrainingCounters
        {
            Epoch = Whole(root[TorchKeys.Epoch]),
            Epochs = Whole(root[TorchKeys.Epochs]),
            Iteration = Whole(root[TorchKeys.Iteration]),
            Batches = Whole(root[TorchKeys.Batches]),
            TestBatches = Whole(root[TorchKeys.TestBatches]),
            TrainLoss = Number(root[TorchKeys.TrainLoss]) ?? 0,
            TestAccuracy = Number(root[TorchKeys.TestAccuracy]) ?? 0,
            TestLoss = Number(root[TorchKeys.TestLoss]),
            TestAuc = Number(root[TorchKeys.TestAuc]),
            TotalLoss = Number(root[TorchKeys.TotalLoss]) ?? 0,
        };

    private int Whole(object? value) => Number(value) is { } number && number >= 0 && number <= int.MaxValue ? (int)number : 0;

    private double? Number(object? value) => value switch
    {
        long number => number,
        double number => number,
        TorchTensor tensor => _file.ReadScalar(tensor),
        _ => null,
    };

    /// <summary>Fills <see cref="_optimizer"/>: PyTorch numbers parameters in the order of the state_dict.</summary>
    /// <returns>The first group's learning rate.</returns>
    private double? ReadState(PickleDictionary optimizer)
    {
        List<(string Name, int[] Shape)> parameters = ParameterShapes.Trained(Config);
        if (optimizer["state"] is PickleDictionary state)
        {
            foreach ((object key, object? value) in state.Entries)
            {
                if (key is not long number || number < 0 || number >= parameters.Count || value is not PickleDictionary tensors)
                {
                    continue;
                }

                foreach ((object suffix, object? tensor) in tensors.Entries)
                {
                    if (suffix is string text && text != "step" && tensor is TorchTensor view)
                    {
                        _optimizer[$"{parameters[(int)number].Name}.{text}"] = view;
                    }
                }
            }
        }

        return optimizer["param_groups"] is PickleList { Items: [PickleDictionary group, ..] } ? Number(group["lr"]) : null;
    }

    private string Guess() => _optimizer.Keys.Any(name => name.EndsWith(".momentum", StringComparison.Ordinal)) ? "rwsadagrad"
        : _optimizer.Keys.Any(name => name.EndsWith(".sum", StringComparison.Ordinal)) ? "adagrad"
        : _optimizer.Keys.Any(name => name.EndsWith(".exp_avg", StringComparison.Ordinal)) ? "adam"
        : "sgd";
}
