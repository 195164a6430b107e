using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Data.Records;

/// <summary>Trains a model on plain records of any number: they are read once, and need not fit in memory.</summary>
/// <remarks>
/// Records go to a folder of temporary files and from there the way of every data set (<see cref="Preprocessor"/>), so
/// vocabularies, scales and unknown values are those of <c>dlrm preprocess</c> and <c>dlrm train</c>. The same records,
/// options and seed give the same model, bit for bit, on any number of threads.
/// </remarks>
/// <typeparam name="T">The record.</typeparam>
public sealed class RecordTrainer<T>
{
    /// <summary>Models of more parameters are not averaged unless asked for: each step would pass over all their tables.</summary>
    private const long MostAveraged = 1 << 22;

    private const double DefaultDecay = 0.95;
    private const string TrainFile = "train.csv";
    private const string ValidationFile = "validation.csv";
    private const string ValidationPart = "test";

    private readonly RecordSchema<T> _schema;
    private readonly RecordTrainerOptions _options;

    /// <summary>A trainer for records whose properties have attributes.</summary>
    /// <param name="options">How to learn; null for the defaults.</param>
    /// <exception cref="ArgumentException">The attributes do not make a schema to train with.</exception>
    [RequiresUnreferencedCode("Reads properties by reflection; give a schema built by calls instead.")]
    [RequiresDynamicCode("Enumerations need code made at run time; give a schema built by calls instead.")]
    public RecordTrainer(RecordTrainerOptions? options = null)
        : this(RecordSchema<T>.FromAttributes(), options)
    {
    }

    /// <summary>A trainer.</summary>
    /// <param name="schema">What the records' properties are; not to be changed afterwards.</param>
    /// <param name="options">How to learn; null for the defaults.</param>
    /// <exception cref="ArgumentException">The schema has no label or no category.</exception>
    public RecordTrainer(RecordSchema<T> schema, RecordTrainerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        schema.RequireTrainable();
        _schema = schema;
        _options = options ?? new RecordTrainerOptions();
    }

    /// <summary>Trains.</summary>
    /// <param name="records">To learn from; read once.</param>
    /// <param name="validation">Held out, and scored after each pass; null for none. Read once.</param>
    /// <param name="cancellation">Ends training; nothing remains of it.</param>
    /// <returns>The model, to be disposed of.</returns>
    /// <exception cref="ArgumentException">The options contradict each other or the records; the message says which.</exception>
    /// <exception cref="InvalidDataException">A record cannot be: the message says which, from 0.</exception>
    /// <exception cref="NonFiniteLossException">The loss is no number: the rate is too high.</exception>
    /// <exception cref="IOException">There is too little room for the temporary files.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public TrainedRecords<T> Train(
        IEnumerable<T> records, IEnumerable<T>? validation = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        _options.Validate(validation is not null);
        DirectoryInfo work = _options.WorkFolder is { } parent
            ? Directory.CreateDirectory(Path.Combine(parent, $"dlrm-{Guid.NewGuid():N}"))
            : Directory.CreateTempSubdirectory("dlrm-");
        try
        {
            return Train(work.FullName, records, validation, cancellation);
        }
        catch
        {
            work.Delete(recursive: true);
            throw;
        }
    }

    private TrainedRecords<T> Train(string work, IEnumerable<T> records, IEnumerable<T>? validation, CancellationToken cancellation)
    {
        DataSetFolder data = Prepare(work, records, validation, cancellation);
        Engine? engine = null;
        DlrmModel? model = null;
        try
        {
            DlrmConfig config = ConfigFor(data);
            engine = new Engine(_options.Threads);
            model = new DlrmModel(config, engine, _options.Optimizer, new OptimizerOptions
            {
                EmbeddingL2 = (float)_options.EmbeddingL2,
                AverageDecay = _options.AverageDecay ?? (_options.Patience > 0 || config.ParameterCount > MostAveraged ? 0 : DefaultDecay),
            })
            {
                RandomSeed = _options.Seed,
            };
            model.Initialize(new NumpyRandom(_options.Seed));
            EmbeddingBound.Apply(model, _options.EmbeddingBound);
            TrainingResult result = Train(model, data, cancellation);
            return new TrainedRecords<T>(_schema, model, data, work, result);
        }
        catch
        {
            model?.Dispose();
            engine?.Dispose();
            data.Dispose();
            throw;
        }
    }

    private DataSetFolder Prepare(string work, IEnumerable<T> records, IEnumerable<T>? validation, CancellationToken cancellation)
    {
        var files = new List<string> { Path.Combine(work, TrainFile) };
        long count = RecordFile.Write(files[0], _schema, records, cancellation);
        if (validation is not null)
        {
            files.Add(Path.Combine(work, ValidationFile));
            RequireSome(RecordFile.Write(files[1], _schema, validation, cancellation), nameof(validation));
        }

        RequireSome(count, nameof(records));
        string output = Path.Combine(work, "data");
        Preprocessor.Run(
            new PreprocessOptions
            {
                Inputs = files,
                Output = output,
                Schema = _schema.ToDataSchema(),
                Split = validation is not null ? $"file:{ValidationPart}={ValidationFile}"
                    : _options.ValidationShare > 0 ? $"fraction:{(1 - _options.ValidationShare).ToString("0.#########", CultureInfo.InvariantCulture)}"
                    : "none",
                Delimiter = ',',
                Quotes = true,
                Threads = _options.Threads ?? 0,
            },
            progress: null,
            cancellation);
        files.ForEach(File.Delete);
        return DataSetFolder.Open(output);
    }

    private static void RequireSome(long count, string name)
    {
        if (count == 0)
        {
            throw new ArgumentException("There are no records.", name);
        }
    }

    private DlrmConfig ConfigFor(DataSetFolder data) => new()
    {
        TableRows = data.TableRows,
        EmbeddingDimension = _options.EmbeddingDimension,
        BottomMlp = [data.DenseFeatures, .. _options.BottomMlp, _options.EmbeddingDimension],
        TopMlp = [.. _options.TopMlp, 1],
        Interaction = _options.Interaction,
        Tower = _options.Normalization == "none" ? null : new TowerOptions { Normalization = _options.Normalization },
        Loss = "bce",
    };

    private TrainingResult Train(DlrmModel model, DataSetFolder data, CancellationToken cancellation)
    {
        using var train = new FolderBatchSource(data, "train", _options.BatchSize, (ulong)_options.Seed);
        bool tests = data.Description.Splits.Any(split => split.Name == ValidationPart && split.Rows > 0);
        using FolderBatchSource? held = tests ? new FolderBatchSource(data, ValidationPart, TrainedRecords<T>.ScoringRows) : null;
        using ParameterCopy? best = _options.Patience > 0 && tests ? new ParameterCopy(model) : null;
        using var trainer = new Trainer(
            model,
            train,
            held,
            new TrainingOptions
            {
                Epochs = _options.Epochs,
                PrintFrequency = train.BatchCount,
                TestFrequency = tests ? train.BatchCount : -1,
                LearningRate = new LearningRatePolicy(_options.LearningRate),
            },
            new RecordObserver(_options.Progress))
        {
            EarlyStopping = best is null ? null : new EarlyStopping(best, _options.Patience),
        };
        TrainingResult result = trainer.Run(cancellation);
        cancellation.ThrowIfCancellationRequested();
        return result;
    }
}
