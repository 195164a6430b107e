using Dlrm.Checkpoints;
using Dlrm.Interop.Models;
using Dlrm.Interop.Pickle;

namespace Dlrm.Interop.PyTorch;

/// <summary>Writes models as PyTorch checkpoints that the reference loads and goes on training from.</summary>
public static class TorchModelWriter
{
    /// <summary>Writes the reference's checkpoint, whole or not at all.</summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="contents">What to write; tensors are copied in pieces.</param>
    /// <exception cref="ArgumentException">A parameter of the architecture is not among the tensors.</exception>
    /// <exception cref="IOException">It could not be written; what was there before is untouched.</exception>
    public static void Write(string path, TorchModelContents contents)
    {
        TrainingCounters counters = contents.Counters;
        var root = new PickleDictionary();
        root.Set(TorchKeys.Epochs, (long)counters.Epochs);
        root.Set(TorchKeys.Batches, (long)counters.Batches);
        root.Set(TorchKeys.TestBatches, (long)counters.TestBatches);
        root.Set(TorchKeys.State, State(contents));
        root.Set(TorchKeys.TestAccuracy, Number(counters.TestAccuracy));
        if (counters.TestLoss is { } loss)
        {
            root.Set(TorchKeys.TestLoss, Number(loss));
        }

        if (counters.TestAuc is { } auc)
        {
            root.Set(TorchKeys.TestAuc, Number(auc));
        }

        root.Set(TorchKeys.Epoch, (long)counters.Epoch);
        root.Set(TorchKeys.Iteration, (long)counters.Iteration);
        root.Set(TorchKeys.TrainLoss, Number(counters.TrainLoss));
        root.Set(TorchKeys.TotalLoss, Number(counters.TotalLoss));
        root.Set(TorchKeys.TotalAccuracy, 0L);
        List<(string Name, int[] Shape)> parameters = ParameterShapes.Trained(contents.Config);
        root.Set(TorchKeys.Optimizer, Optimizer(contents, parameters));
        root.Set(TorchKeys.Own, Own(contents, parameters));
        AtomicFile.Write(path, stream => TorchWriter.Write(stream, root));
    }

    /// <summary>Writes a state_dict under the names of TorchRec's DLRM (and DLRM_DCN), whole or not at all.</summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="contents">What to write; only parameters are.</param>
    /// <exception cref="ArgumentException">TorchRec has no such model; the message says what it lacks.</exception>
    /// <exception cref="IOException">It could not be written; what was there before is untouched.</exception>
    public static void WriteTorchRec(string path, TorchModelContents contents)
    {
        var names = new TorchRecNames(contents.Config);
        var root = new PickleDictionary { IsOrdered = true };
        Dictionary<string, TensorSource> tensors = ByName(contents.Tensors);
        foreach ((string name, _) in ParameterShapes.Of(contents.Config))
        {
            root.Set(names.Theirs(name), names.Permuted(Find(tensors, name)));
        }

        AtomicFile.Write(path, stream => TorchWriter.Write(stream, root));
    }

    /// <summary>Whole numbers as they are; PyTorch 1.13 takes no others in weights-only files.</summary>
    private static object Number(double value)
        => double.IsInteger(value) && Math.Abs(value) < 1L << 53 ? (long)value : new TorchNumber(value);

    private static PickleDictionary State(TorchModelContents contents)
    {
        var state = new PickleDictionary { IsOrdered = true };
        Dictionary<string, TensorSource> tensors = ByName(contents.Tensors);
        foreach ((string name, _) in ParameterShapes.Of(contents.Config))
        {
            state.Set(TowerNames.Theirs(name, contents.Config.Tower), Find(tensors, name));
        }

        return state;
    }

    private static PickleDictionary Optimizer(TorchModelContents contents, List<(string Name, int[] Shape)> parameters)
    {
        Dictionary<string, TensorSource> states = ByName(contents.OptimizerTensors);
        var state = new PickleDictionary();
        var numbers = new PickleList();
        long steps = contents.Counters.Steps;
        for (int number = 0; number < parameters.Count; number++)
        {
            numbers.Add((long)number);
            var tensors = new PickleDictionary();
            if (contents.OptimizerName == "sgd")
            {
                tensors.Set("momentum_buffer", states.GetValueOrDefault(parameters[number].Name + ".momentum_buffer"));
            }
            else
            {
                tensors.Set("step", contents.OptimizerName == "rwsadagrad" ? steps : new TorchStep(steps));
                string start = parameters[number].Name + ".";
                foreach ((string name, TensorSource tensor) in states)
                {
                    if (name.StartsWith(start, StringComparison.Ordinal) && !name[start.Length..].Contains('.', StringComparison.Ordinal))
                    {
                        tensors.Set(name[start.Length..], tensor);
                    }
                }
            }

            state.Set((long)number, tensors);
        }

        PickleDictionary group = Group(contents);
        group.Set("params", numbers);
        var groups = new PickleList();
        groups.Add(group);
        var optimizer = new PickleDictionary();
        optimizer.Set("state", state);
        optimizer.Set("param_groups", groups);
        return optimizer;
    }

    /// <summary>What PyTorch's optimizers keep beside their state, their defaults but for the rate and the momentum.</summary>
    private static PickleDictionary Group(TorchModelContents contents)
    {
        var group = new PickleDictionary();
        group.Set("lr", Number(contents.LearningRate));
        group.Set("weight_decay", 0L);
        if (contents.OptimizerName == "sgd")
        {
            group.Set("momentum", Number(contents.Momentum));
            group.Set("dampening", 0L);
            group.Set("nesterov", false);
        }
        else
        {
            group.Set("lr_decay", 0L);
            group.Set("eps", Number(1e-10));
            group.Set("initial_accumulator_value", 0L);
        }

        group.Set("maximize", false);
        group.Set("foreach", null);
        group.Set("differentiable", false);
        return group;
    }

    private static PickleDictionary Own(TorchModelContents contents, List<(string Name, int[] Shape)> parameters)
    {
        var own = new PickleDictionary();
        own.Set(TorchKeys.OwnConfig, contents.Config.ToJson());
        own.Set(TorchKeys.OwnOptimizer, contents.OptimizerName);
        var others = new PickleDictionary();
        var names = parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        foreach (TensorSource tensor in contents.OptimizerTensors)
        {
            if (!names.Contains(tensor.Name[..Math.Max(tensor.Name.LastIndexOf('.'), 0)]))
            {
                others.Set(tensor.Name, tensor);
            }
        }

        own.Set(TorchKeys.OwnState, others);
        return own;
    }

    private static Dictionary<string, TensorSource> ByName(IReadOnlyList<TensorSource> tensors)
        => tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);

    private static TensorSource Find(Dictionary<string, TensorSource> tensors, string name)
        => tensors.GetValueOrDefault(name) ?? throw new ArgumentException($"There is no tensor '{name}', which the architecture has.");
}
