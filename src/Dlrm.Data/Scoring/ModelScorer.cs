using Dlrm.Checkpoints;
using Dlrm.Model;

namespace Dlrm.Data.Scoring;

/// <summary>A saved model ready to score raw rows: its folder carries all that takes.</summary>
/// <remarks>
/// <see cref="Encoder"/> may be used by any number of threads, each filling a <see cref="RowBatch"/> of its own. Scoring is
/// for one thread at a time, because a model keeps its activations; it divides the work of a batch among
/// <see cref="ScorerOptions.Threads"/> itself. A row's score does not depend on the batch it is in.
/// </remarks>
public sealed class ModelScorer : IDisposable
{
    private readonly Engine _engine;

    private ModelScorer(ModelFolder folder, ScorerOptions options, Engine engine)
    {
        _engine = engine;
        FullPath = folder.FullPath;
        Encoder = RowEncoder.IsIn(folder) ? RowEncoder.Read(folder) : null;
        Model = new DlrmModel(DlrmConfig.FromJson(folder.ConfigJson), engine, optimizer: null);
        try
        {
            folder.ReadAll([.. Model.Parameters]);
            Model.ParametersChanged();
            LogitShift = options.PriorCorrection && Encoder is { NegativesDropped: < 1 and var dropped } ? PriorShift.Of(dropped) : 0;
            if (LogitShift != 0)
            {
                PriorShift.Apply(Model, LogitShift);
            }
        }
        catch
        {
            Model.Dispose();
            throw;
        }
    }

    /// <summary>The model's folder.</summary>
    public string FullPath { get; }

    /// <summary>The model, in whatever precision it was saved.</summary>
    public DlrmModel Model { get; }

    /// <summary>How raw rows are encoded; null for a model that was trained on numbers drawn or encoded elsewhere.</summary>
    public RowEncoder? Encoder { get; }

    /// <summary>What was added to the logits for the negatives that training did not see; 0 for none.</summary>
    public double LogitShift { get; }

    /// <summary>Opens a saved model.</summary>
    /// <param name="path">Its folder, or that of a run with the folder <c>model</c>.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is no saved model, or it is damaged: the message names the file.</exception>
    /// <exception cref="BadDataException">What tells of raw values is damaged.</exception>
    /// <exception cref="InsufficientMemoryException">It does not fit this machine's memory.</exception>
    public static ModelScorer Open(string path, ScorerOptions? options = null)
    {
        options ??= new ScorerOptions();
        string inside = Path.Combine(path, "model");
        using var folder = ModelFolder.Open(Directory.Exists(inside) ? inside : path, options.VerifyHashes);
        return Open(folder, options);
    }

    /// <summary>Makes a scorer of an open model, which is read whole: the folder may be closed afterwards.</summary>
    /// <param name="folder">The open model.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="InvalidDataException">Its tensors are not those of its configuration.</exception>
    /// <exception cref="BadDataException">What tells of raw values is damaged.</exception>
    /// <exception cref="InsufficientMemoryException">It does not fit this machine's memory.</exception>
    public static ModelScorer Open(ModelFolder folder, ScorerOptions? options = null)
    {
        options ??= new ScorerOptions();
        var engine = new Engine(options.Threads == 0 ? null : options.Threads, options.InstructionSet);
        try
        {
            return new ModelScorer(folder, options, engine);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <summary>An empty batch for raw rows.</summary>
    /// <param name="capacity">Rows it can hold, 1 or more.</param>
    /// <exception cref="InvalidOperationException">The model has no encoder.</exception>
    public RowBatch CreateBatch(int capacity) => new(
        Encoder ?? throw new InvalidOperationException(
            $"{FullPath} does not tell how raw values become its inputs: score batches of numbers, or train on a data set with raw values."),
        capacity);

    /// <summary>Scores rows.</summary>
    /// <param name="rows">Raw rows of this model's encoder; built by this, if they were not.</param>
    /// <returns>(rows): probabilities, valid until the next call.</returns>
    public ReadOnlySpan<float> Score(RowBatch rows) => Score(rows.Build());

    /// <summary>Scores rows that are encoded already.</summary>
    /// <param name="batch">Dense features and lookups; labels are not looked at.</param>
    /// <returns>(B): probabilities, valid until the next call.</returns>
    /// <exception cref="Layers.LookupException">An index lies outside its table; nothing was computed.</exception>
    public ReadOnlySpan<float> Score(Batch batch) => batch.Size == 0 ? default : Model.Predict(batch);

    /// <summary>Gives the memory back and ends the threads.</summary>
    public void Dispose()
    {
        Model.Dispose();
        _engine.Dispose();
    }
}
