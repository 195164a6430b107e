using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Training;
using Microsoft.ML;

namespace Dlrm.MLNet;

/// <summary>
/// Trains a deep learning recommendation model (Naumov et al. 2019, arXiv 1906.00091) on the rows of an ML.NET pipeline.
/// </summary>
/// <remarks>
/// Rows are read once into memory, shuffled by the seed before each pass. The same data, options and seed give the same
/// model, bit for bit, on any number of threads.
/// </remarks>
public sealed class DlrmTrainer : IEstimator<DlrmTransformer>
{
    private readonly DlrmTrainerOptions _options;

    /// <summary>Fixes how to train.</summary>
    /// <param name="options">Columns, architecture, training.</param>
    public DlrmTrainer(DlrmTrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <summary>Trains.</summary>
    /// <param name="input">Rows with the columns that the options name.</param>
    /// <exception cref="ArgumentException">A column is not there or has another type, or the options contradict themselves.</exception>
    /// <exception cref="InvalidDataException">A row holds a value that is not finite.</exception>
    public DlrmTransformer Fit(IDataView input) => Fit(input, null);

    /// <summary>Trains until the validation rows' log loss gets no better, and keeps the best epoch's parameters.</summary>
    /// <param name="input">Rows to learn from.</param>
    /// <param name="validation">Rows held out for the purpose, through the same pipeline; null for none.</param>
    /// <exception cref="ArgumentException">A column is not there or has another type, or the options contradict themselves.</exception>
    /// <exception cref="InvalidDataException">A row holds a value that is not finite.</exception>
    public DlrmTransformer Fit(IDataView input, IDataView? validation)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = InputColumns.Of(input.Schema, _options);
        DlrmConfig config = ConfigFor(columns);
        using var engine = new Engine(_options.Threads);
        using var rows = new TrainingRows(input, columns, _options, shuffle: true);
        using TrainingRows? held = validation is null ? null : new TrainingRows(validation, columns, _options, shuffle: false);
        using var model = new DlrmModel(config, engine, _options.Optimizer, new OptimizerOptions { EmbeddingL2 = _options.EmbeddingL2 });
        model.RandomSeed = _options.Seed;
        model.Initialize(new NumpyRandom(_options.Seed));
        EmbeddingBound.Apply(model, _options.EmbeddingBound);
        Train(model, rows, held);
        return new DlrmTransformer(columns, model);
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        string[] added = [.. ScoreColumns.All.Select(column => column.Name)];
        return new SchemaShape(
        [
            .. inputSchema.Where(column => !added.Contains(column.Name)),
            .. ScoreColumns.All.Select(column => Internals.Column(column.Name, column.Type)),
        ]);
    }

    private DlrmConfig ConfigFor(InputColumns columns) => new()
    {
        TableRows = columns.TableRows,
        EmbeddingDimension = _options.EmbeddingDimension,
        BottomMlp = [columns.DenseFeatures, .. _options.BottomMlp, _options.EmbeddingDimension],
        TopMlp = [.. _options.TopMlp, 1],
        Interaction = _options.Interaction,
        Loss = "bce",
    };

    private void Train(DlrmModel model, TrainingRows rows, TrainingRows? held)
    {
        var options = new TrainingOptions
        {
            Epochs = _options.Epochs,
            PrintFrequency = rows.BatchCount,
            TestFrequency = held is null ? -1 : rows.BatchCount,
            LearningRate = LearningRateSchedule.Create(
                "cosine", _options.LearningRate, 0, 0, 0, (long)rows.BatchCount * _options.Epochs),
        };
        using var best = held is null ? null : new ParameterCopy(model);
        using var trainer = new Trainer(model, rows, held, options, new ProgressObserver(_options.Progress))
        {
            EarlyStopping = best is null ? null : new EarlyStopping(best, _options.Patience),
        };
        trainer.Run();
    }
}
