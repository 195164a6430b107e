using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Interop.Models;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Mpi;
using Dlrm.Random;

namespace Dlrm.Cli.Running;

/// <summary>Makes the engine and the model that the options name.</summary>
internal static class ModelSetup
{
    /// <summary>The engine.</summary>
    /// <param name="values">The options.</param>
    /// <param name="job">This process's job: unless the options say how many, a rank computes with its share of the cores.</param>
    /// <exception cref="UsageException">This processor lacks the instruction set.</exception>
    public static Engine CreateEngine(OptionValues values, MpiJob? job = null)
    {
        int threads = values.GetInt(RunOptions.Threads);
        return new Engine(threads == 0 ? job?.Cores : threads, InstructionSet(values));
    }

    /// <summary>The instruction set of --isa, or the one that is best here.</summary>
    /// <exception cref="UsageException">This processor lacks it.</exception>
    public static InstructionSet InstructionSet(OptionValues values)
    {
        string name = values.Get(RunOptions.InstructionSet);
        try
        {
            return name == "auto" ? InstructionSets.Choose() : InstructionSets.Parse(name);
        }
        catch (ArgumentException exception)
        {
            string source = name == "auto" ? $"The environment variable {InstructionSets.Variable}" : $"--isa={name}";
            throw new UsageException($"{source}: {exception.Message}");
        }
    }

    /// <summary>The architecture that the options name, for data that may bring their own shape.</summary>
    /// <param name="values">The options.</param>
    /// <param name="shape">Data that decide the dense features and the tables, or null.</param>
    /// <exception cref="UsageException">Its parts do not fit one another.</exception>
    public static DlrmConfig Config(OptionValues values, IBatchSource? shape)
    {
        IReadOnlyList<int> bottom = values.Get(ModelOptions.BottomMlp);
        var config = new DlrmConfig
        {
            TableRows = TableRows(values, shape),
            EmbeddingDimension = values.GetInt(ModelOptions.EmbeddingDimension),
            BottomMlp = shape is null ? bottom : [shape.DenseFeatures, .. bottom.Skip(1)],
            TopMlp = values.Get(ModelOptions.TopMlp),
            Interaction = values.Get(ModelOptions.Interaction),
            InteractionItself = values.Get(ModelOptions.InteractionItself),
            Cross = CrossOptionSet.Of(values),
            Tower = TowerOptionSet.Of(values),
            QuotientRemainder = values.Get(ModelOptions.QuotientRemainder) ? QuotientRemainder(values) : null,
            MixedDimension = values.Get(ModelOptions.MixedDimension) ? MixedDimension(values) : null,
            WeightedPooling = values.Get(ModelOptions.WeightedPooling),
            Pooling = values.Get(TableOptions.Pooling),
            Precision = new ModelPrecision { EmbeddingType = values.Get(PrecisionOptions.EmbeddingType) },
            Loss = values.Get(ModelOptions.Loss),
            LossThreshold = (float)values.Get(ModelOptions.LossThreshold),
            LossWeights = values.Get(ModelOptions.LossWeights),
        };
        try
        {
            config.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }

        return config;
    }

    /// <summary>A new model's first values.</summary>
    /// <param name="model">Just made.</param>
    /// <param name="values">The options.</param>
    /// <param name="random">The run's generator, after the data drew from it.</param>
    public static void Initialize(DlrmModel model, OptionValues values, NumpyRandom random)
    {
        model.Initialize(random, new TorchRandom(values.Get(TrainOptions.Seed)));
        if (values.Get(AccuracyOptions.EmbeddingBound) is > 0 and var bound)
        {
            EmbeddingBound.Apply(model, bound);
        }
    }

    /// <summary>Options that the data overrule, one line each; the reference overrules them without a word.</summary>
    public static IEnumerable<string> Overruled(OptionValues values, RunData data)
    {
        if (!data.BringsShape)
        {
            yield break;
        }

        int first = values.Get(ModelOptions.BottomMlp)[0];
        if (values.IsGiven(ModelOptions.BottomMlp) && first != data.Train.DenseFeatures)
        {
            yield return $"--arch-mlp-bot begins with {first}, but {data.Title} has {data.Train.DenseFeatures} dense features; "
                + $"{data.Train.DenseFeatures} is used.";
        }

        if (values.IsGiven(ModelOptions.EmbeddingRows))
        {
            yield return $"--arch-embedding-size has no effect: {data.Title} brings its own tables.";
        }
    }

    /// <summary>The architecture of a saved model, with the loss that the options name, if they do.</summary>
    /// <exception cref="UsageException">The options name another architecture, or the data have another shape.</exception>
    public static DlrmConfig Config(OptionValues values, DlrmConfig saved, string path, RunData data, string source = "--load-model")
    {
        DlrmConfig named = Config(values, data.BringsShape ? data.Train : null);
        RequireSame(values, ModelOptions.EmbeddingDimension, named.EmbeddingDimension, saved.EmbeddingDimension, path);
        RequireSame(values, ModelOptions.BottomMlp, Text(named.BottomMlp), Text(saved.BottomMlp), path);
        RequireSame(values, ModelOptions.TopMlp, Text(named.TopMlp), Text(saved.TopMlp), path);
        RequireSame(values, ModelOptions.Interaction, named.Interaction, saved.Interaction, path);
        RequireSame(values, ModelOptions.InteractionItself, named.InteractionItself, saved.InteractionItself, path);
        RequireSame(values, CrossOptionSet.Layers, named.Cross?.Layers, saved.Cross?.Layers, path);
        RequireSame(values, CrossOptionSet.Rank, named.Cross?.Rank, saved.Cross?.Rank, path);
        TowerOptions tower = named.Tower ?? new TowerOptions();
        TowerOptions savedTower = saved.Tower ?? new TowerOptions();
        RequireSame(values, TowerOptionSet.Activation, tower.Activation, savedTower.Activation, path);
        RequireSame(values, TowerOptionSet.Dropout, tower.Dropout, savedTower.Dropout, path);
        RequireSame(values, TowerOptionSet.Normalization, tower.Normalization, savedTower.Normalization, path);
        RequireSameTables(values, named, saved, path);
        if (saved.DenseFeatures != data.Train.DenseFeatures || !saved.TableRows.SequenceEqual(data.Train.TableRows))
        {
            throw new UsageException(
                $"{source}={path} has {saved.DenseFeatures} dense features and tables of {Text(saved.TableRows)} "
                + $"rows; {data.Train.Description} has {data.Train.DenseFeatures} and {Text(data.Train.TableRows)}: use the "
                + "data the model was trained on.");
        }

        return saved with
        {
            Loss = values.IsGiven(ModelOptions.Loss) ? named.Loss : saved.Loss,
            LossThreshold = values.IsGiven(ModelOptions.LossThreshold) ? named.LossThreshold : saved.LossThreshold,
            LossWeights = values.IsGiven(ModelOptions.LossWeights) ? named.LossWeights : saved.LossWeights,
        };
    }

    /// <summary>A saved model.</summary>
    /// <param name="path">Its folder, or that of a run.</param>
    /// <param name="values">The options.</param>
    /// <param name="data">Data that it must fit.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="optimizer">Null to predict only.</param>
    /// <param name="error">Told of damaged checkpoints; null for nobody.</param>
    /// <param name="distributed">How ranks share it; null for one process.</param>
    public static DlrmModel Load(
        string path,
        OptionValues values,
        RunData data,
        Engine engine,
        string? optimizer,
        TextWriter? error = null,
        DistributedOptions? distributed = null)
    {
        if (ForeignModel.IsNamed(path))
        {
            return LoadFile(path, values, data, engine, optimizer);
        }

        using ModelFolder folder = Open(path, error: error);
        RequireSameFile(folder, data);
        DlrmConfig config = Config(values, DlrmConfig.FromJson(folder.ConfigJson), folder.FullPath, data);
        var model = new DlrmModel(config, engine, optimizer, TrainingSetup.Optimizer(values), distributed);
        try
        {
            folder.ReadAll([.. model.Parameters]);
            model.ParametersChanged();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Reads the state of the optimizer that a model was saved with, whole or not at all.</summary>
    /// <param name="path">The model's folder, or that of a run.</param>
    /// <param name="values">The options.</param>
    /// <param name="model">Its model, built to train.</param>
    /// <returns>False when the folder lacks a tensor of this optimizer's state: nothing was read.</returns>
    public static bool RestoreOptimizer(string path, OptionValues values, DlrmModel model)
    {
        if (ForeignModel.IsNamed(path))
        {
            using ModelFile file = ForeignModel.Open(path, values);
            return file.ReadInto(model.Optimizer!);
        }

        // Opened before, with its hashes.
        using ModelFolder folder = Open(path, verifyHashes: false);
        return folder.TryReadOptimizer(model.Optimizer!.States);
    }

    /// <summary>The model of a checkpoint, with its optimizer's state: all is compared before anything is read.</summary>
    /// <param name="resume">The checkpoint.</param>
    /// <param name="values">The options.</param>
    /// <param name="data">Data that it must fit.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="distributed">How ranks share it; null for one process.</param>
    /// <exception cref="UsageException">Options or data do not fit the checkpoint; both sides are named.</exception>
    /// <exception cref="InvalidDataException">It lacks a tensor, or has one too many or another shape.</exception>
    public static DlrmModel Resume(
        ResumePoint resume, OptionValues values, RunData data, Engine engine, DistributedOptions? distributed = null)
    {
        resume.RequireSameData(data);
        ModelFolder folder = resume.Folder!;
        var model = new DlrmModel(
            Config(values, DlrmConfig.FromJson(folder.ConfigJson), folder.FullPath, data, "--resume"),
            engine,
            values.Get(TrainOptions.Optimizer),
            TrainingSetup.Optimizer(values),
            distributed);
        try
        {
            folder.CheckOptimizer(model.Optimizer!.States);
            folder.ReadAll([.. model.Parameters]);
            folder.ReadAllOptimizer(model.Optimizer.States);
            model.ParametersChanged();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model folder, or the one inside a run's folder: its model, else its newest checkpoint.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="verifyHashes">False when they have just been compared.</param>
    /// <param name="error">Told of damaged checkpoints; null for a second look.</param>
    /// <exception cref="InvalidDataException">It is no saved model, or nothing there is sound.</exception>
    public static ModelFolder Open(string path, bool verifyHashes = true, TextWriter? error = null)
    {
        string inside = Path.Combine(path, "model");
        if (Directory.Exists(inside))
        {
            return ModelFolder.Open(inside, verifyHashes);
        }

        // A run that was interrupted has checkpoints and no model yet.
        string[] checkpoints = [.. new CheckpointFolder(Path.Combine(path, "checkpoints")).List().Select(entry => entry.Path)];
        return checkpoints.Length == 0 ? ModelFolder.Open(path, verifyHashes) : OpenNewestSound(checkpoints, error);
    }

    /// <summary>The first that is sound, hashes always compared: every look must find the same one.</summary>
    private static ModelFolder OpenNewestSound(string[] checkpoints, TextWriter? error)
    {
        InvalidDataException? newest = null;
        foreach (string checkpoint in checkpoints)
        {
            try
            {
                return ModelFolder.Open(checkpoint, verifyHashes: true);
            }
            catch (InvalidDataException exception)
            {
                newest ??= exception;
                error?.WriteLine($"Warning: {exception.Message} The checkpoint before it is tried.");
            }
        }

        throw new InvalidDataException($"None of {checkpoints.Length} checkpoints is sound; the newest: {newest!.Message}", newest);
    }

    /// <summary>
    /// Categories are numbered in the order in which a file has them, so a model makes sense of its own file alone.
    /// </summary>
    private static void RequireSameFile(ModelFolder folder, RunData data)
    {
        if (!folder.FileNames.Contains(RunRecord.NameInModel) || data.Facts[RunData.FileHash] is not { } hash)
        {
            return;
        }

        using Stream stream = folder.OpenFile(RunRecord.NameInModel);
        JsonNode? trained = JsonNode.Parse(stream)?["data"];
        if (trained?[RunData.FileHash] is { } other && !JsonNode.DeepEquals(hash, other))
        {
            throw new UsageException(
                $"--raw-data-file={data.Facts["file"]} is not the file that {folder.FullPath} was trained with ({trained["file"]}, "
                + $"XxHash3 {other}; this one has {hash}). Another file numbers its categories otherwise, so the model cannot be "
                + "used with it: name the same file.");
        }
    }

    private static IReadOnlyList<int> TableRows(OptionValues values, IBatchSource? shape)
    {
        if (shape is not null)
        {
            return shape.TableRows;
        }

        IReadOnlyList<int> named = values.Get(ModelOptions.EmbeddingRows);
        int tables = TableContradictions.Tables(values) ?? values.Get(TableOptions.Pooling).Count;
        if (named.Count != tables)
        {
            // Data that bring their shape are not read yet: only the number of tables matters to what can be checked now.
            return [.. Enumerable.Repeat(1, tables)];
        }

        IReadOnlyList<int> bounds = values.Get(TableOptions.MaxIndexPerTable);
        return bounds.Count == 0 ? named : BoundedBatchSource.Apply(named, bounds);
    }

    /// <summary>A model in a file of another program; its memory is filled straight from the file.</summary>
    private static DlrmModel LoadFile(string path, OptionValues values, RunData data, Engine engine, string? optimizer)
    {
        using ModelFile file = ForeignModel.Open(path, values);
        var model = new DlrmModel(Config(values, file.Config, path, data), engine, optimizer, TrainingSetup.Optimizer(values));
        try
        {
            file.ReadInto(model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static QuotientRemainderOptions QuotientRemainder(OptionValues values) => new()
    {
        Threshold = values.GetInt(ModelOptions.QuotientRemainderThreshold),
        Operation = values.Get(ModelOptions.QuotientRemainderOperation),
        Collisions = values.GetInt(ModelOptions.QuotientRemainderCollisions),
    };

    private static MixedDimensionOptions MixedDimension(OptionValues values) => new()
    {
        Threshold = values.GetInt(ModelOptions.MixedDimensionThreshold),
        Temperature = values.Get(ModelOptions.MixedDimensionTemperature),
        RoundDimensions = values.Get(ModelOptions.MixedDimensionRound),
    };

    private static void RequireSameTables(OptionValues values, DlrmConfig named, DlrmConfig saved, string path)
    {
        RequireSame(values, TableOptions.Pooling, string.Join(',', named.Pooling), string.Join(',', saved.Pooling), path);
        RequireSame(
            values, PrecisionOptions.EmbeddingType, named.Precision.EmbeddingType, saved.Precision.EmbeddingType, path);
        RequireSame(values, ModelOptions.WeightedPooling, named.WeightedPooling, saved.WeightedPooling, path);
        RequireSame(
            values, ModelOptions.QuotientRemainder, named.QuotientRemainder is not null, saved.QuotientRemainder is not null, path);
        RequireSame(
            values, ModelOptions.MixedDimension, named.MixedDimension is not null, saved.MixedDimension is not null, path);
        if (named.QuotientRemainder is { } split && saved.QuotientRemainder is { } savedSplit)
        {
            RequireSame(values, ModelOptions.QuotientRemainderThreshold, split.Threshold, savedSplit.Threshold, path);
            RequireSame(values, ModelOptions.QuotientRemainderOperation, split.Operation, savedSplit.Operation, path);
            RequireSame(values, ModelOptions.QuotientRemainderCollisions, split.Collisions, savedSplit.Collisions, path);
        }

        if (named.MixedDimension is { } mixed && saved.MixedDimension is { } savedMixed)
        {
            RequireSame(values, ModelOptions.MixedDimensionThreshold, mixed.Threshold, savedMixed.Threshold, path);
            RequireSame(values, ModelOptions.MixedDimensionTemperature, mixed.Temperature, savedMixed.Temperature, path);
            RequireSame(values, ModelOptions.MixedDimensionRound, mixed.RoundDimensions, savedMixed.RoundDimensions, path);
        }
    }

    private static void RequireSame<T>(OptionValues values, ToolOption option, T named, T saved, string path)
    {
        if (values.IsGiven(option) && !Equals(named, saved))
        {
            throw new UsageException(
                $"{option.Switch}={named}, but --load-model={path} was saved with {saved}: leave the option out.");
        }
    }

    private static string Text(IReadOnlyList<int> sizes) =>
        sizes.Count <= 40 ? string.Join('-', sizes) : string.Join('-', sizes.Take(40)) + "-…";
}
