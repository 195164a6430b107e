using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Checkpoints;

/// <summary>What a rank writes when ranks save a model that they share: its tables, and rank 0 what all have.</summary>
internal static class RankedContents
{
    /// <summary>A save of its own; to be called on every rank, on the thread that trains.</summary>
    /// <param name="model">The model.</param>
    /// <returns>Null in one process.</returns>
    public static RankedSave? Begin(DlrmModel model)
    {
        if (model.Distribution is not { Communicator: { } communicator })
        {
            return null;
        }

        using var token = new NativeBuffer<byte>(8);
        if (communicator.Rank == 0)
        {
            System.Text.Encoding.ASCII.GetBytes(Path.GetRandomFileName().AsSpan(0, 8), token.Span);
        }

        communicator.Broadcast(token.Span, root: 0);
        return new RankedSave(communicator.Rank, communicator.Size, System.Text.Encoding.ASCII.GetString(token.Span));
    }

    /// <summary>Whether this rank writes a parameter.</summary>
    /// <param name="model">The model.</param>
    /// <param name="parameter">One of its parameters.</param>
    public static bool Writes(DlrmModel model, Parameter parameter) =>
        model.Parallel is not { } parallel || parallel.Communicator.Rank == 0 || parallel.Tables.Parameters.Contains(parameter);

    /// <summary>Whether this rank writes a part of the optimizer's state.</summary>
    /// <param name="model">The model.</param>
    /// <param name="state">Of its optimizer.</param>
    public static bool Writes(DlrmModel model, OptimizerState state)
    {
        if (model.Parallel is not { } parallel)
        {
            return true;
        }

        bool isOfTable = parallel.Tables.Parameters.Any(parameter =>
            state.Name.StartsWith(parameter.Name, StringComparison.Ordinal) && state.Name.AsSpan(parameter.Name.Length) is ['.', ..]);

        // One number a row, of a table divided by columns: every part has the same.
        return isOfTable
            ? state.Region is not { } region || state.Shape.Count == 2 || region.FirstColumn == 0
            : parallel.Communicator.Rank == 0;
    }

    /// <summary>Saves the model that ranks share as one process would save it: whole tensors, which every program reads.</summary>
    /// <remarks>Every rank calls this. The parts are written at once; rank 0 then reads them and writes the folder.</remarks>
    /// <param name="model">The model.</param>
    /// <param name="path">A new folder, or a saved model, which is replaced.</param>
    /// <param name="contents">Rank 0's: all but the tensors.</param>
    /// <param name="layer">The disk.</param>
    /// <exception cref="IOException">It could not be saved, on every rank; what was there before is untouched.</exception>
    public static void SaveWhole(DlrmModel model, string path, ModelContents contents, FileLayer layer)
    {
        RankedSave ranks = Begin(model)!;
        string? failure = null;
        try
        {
            Parts(model, ranks, path, contents, layer);
            if (ranks.Rank == 0)
            {
                ranks.Wait(path);
                Join(model, ranks.PartsOf(path), path, contents, layer);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            failure = exception.Message;
        }

        if (ranks.Rank == 0)
        {
            ranks.Clear(path, layer);
        }

        using var failures = new NativeBuffer<double>(1);
        failures[0] = failure is null ? 0 : 1;
        model.Distribution!.Communicator.AllReduceSum(failures.Span);
        if (failures[0] > 0)
        {
            throw new IOException(failure ?? $"{path} could not be saved: another rank has the reason.");
        }
    }

    /// <summary>Without a snapshot, of which there is one at a time: steps wait.</summary>
    private static void Parts(DlrmModel model, RankedSave ranks, string path, ModelContents contents, FileLayer layer) => ranks.Write(
        path,
        contents with
        {
            Tensors = [.. model.Parameters.Where(parameter => Writes(model, parameter)).Select(Source)],
            OptimizerTensors = [.. (model.Optimizer?.States ?? []).Where(state => Writes(model, state)).Select(Source)],
        },
        layer);

    private static TensorSource Source(Parameter parameter)
    {
        TensorPart? part = TensorPart.Of(parameter.Name, parameter.Region, parameter.Shape.Count);
        string name = part?.Name ?? StoredParameter.Name(parameter);
        TensorType type = StoredParameter.Type(parameter);
        long[] shape = StoredParameter.Shape(parameter);
        return parameter.Storage == StorageFormat.Float32
            ? TensorSource.Of(name, type, shape, parameter.Value, part)
            : TensorSource.Of(name, type, shape, parameter.Packed, part);
    }

    private static TensorSource Source(OptimizerState state)
    {
        TensorPart? part = TensorPart.Of(state.Name, state.Region, state.Shape.Count);
        return TensorSource.Of(
            part?.Name ?? state.Name, TensorType.F32, [.. state.Shape.Select(extent => (long)extent)], state.Value, part);
    }

    private static void Join(DlrmModel model, string parts, string path, ModelContents contents, FileLayer layer)
    {
        using TensorFiles tensors = TensorFiles.Open(parts, ModelFolder.ModelStem);
        using TensorFiles states = TensorFiles.Open(parts, ModelFolder.OptimizerStem);
        string[] others = [.. model.Parameters.Select(StoredParameter.Name)];
        ModelFolder.Save(
            path,
            contents with
            {
                Tensors = [.. tensors.Tensors.Values.OrderBy(tensor => PlaceOf(tensor.Name, others)).Select(tensor => Stream(tensors, tensor))],
                OptimizerTensors = [.. states.Tensors.Values.OrderBy(tensor => PlaceOf(tensor.Name, others)).Select(tensor => Stream(states, tensor))],
                Ranks = null,
            },
            layer);
    }

    private static TensorSource Stream(TensorFiles files, TensorInfo tensor) => TensorSource.Streaming(
        tensor.Name,
        tensor.Type,
        [.. tensor.Shape],
        target =>
        {
            using Stream source = files.OpenAt(tensor.Name);
            byte[] piece = new byte[1 << 20];
            for (long left = tensor.Bytes; left > 0;)
            {
                int read = source.Read(piece.AsSpan(0, (int)Math.Min(piece.Length, left)));
                if (read == 0)
                {
                    throw new InvalidDataException($"The parts of tensor '{tensor.Name}' end {left} bytes early.");
                }

                target.Write(piece.AsSpan(0, read));
                left -= read;
            }
        });

    /// <summary>The order of a model's files: tables by number, pooling weights, then the rest as rank 0 has it.</summary>
    private static (int Kind, int Number, string Name) PlaceOf(string name, string[] others)
    {
        string[] words = name.Split('.');
        int number = words.Length > 1 && int.TryParse(words[1], out int table) ? table : 0;
        return words[0] switch
        {
            "emb_l" => (0, number, name),
            "v_W_l" => (1, number, name),
            _ => (2, Array.IndexOf(others, name) is var place and >= 0 ? place : others.Length, name),
        };
    }
}
