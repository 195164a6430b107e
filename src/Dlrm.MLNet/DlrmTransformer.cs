using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Model;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Dlrm.MLNet;

/// <summary>A trained model as a step of a pipeline: adds PredictedLabel, Score (the logit) and Probability to rows.</summary>
/// <remarks>
/// Safe to use from several threads, which take turns. It stands in pipelines that <c>mlContext.Model.Save</c> writes; a
/// program that only loads calls <see cref="DlrmCatalog.RegisterDlrm"/> first. Dispose of it to give its memory back.
/// </remarks>
public sealed class DlrmTransformer : ITransformer, IDisposable
{
    /// <summary>The file of a model folder that says which columns of a pipeline the model takes.</summary>
    private const string ColumnsFile = "mlnet-columns.json";

    private readonly Lock _turn = new();
    private readonly Engine _engine;
    private readonly DlrmModel _model;

    /// <summary>Copies what training came to.</summary>
    internal DlrmTransformer(InputColumns columns, DlrmModel trained)
        : this(columns, trained.Config, trained.Engine.Team.Workers)
    {
        for (int number = 0; number < _model.Parameters.Count; number++)
        {
            trained.Parameters[number].Value.Span.CopyTo(_model.Parameters[number].Value.Span);
        }

        _model.ParametersChanged();
    }

    private DlrmTransformer(InputColumns columns, DlrmConfig config, int threads)
    {
        Columns = columns;
        _engine = new Engine(threads);
        _model = new DlrmModel(config, _engine, optimizer: null);
    }

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <summary>The columns the model takes.</summary>
    internal InputColumns Columns { get; }

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        Columns.Check(inputSchema);
        return ScoreColumns.Append(inputSchema);
    }

    /// <inheritdoc/>
    public IDataView Transform(IDataView input) => new ScoredView(input, this);

    /// <inheritdoc/>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => new RowScorer(inputSchema, this);

    /// <summary>Writes the model as a folder that <c>dlrm inspect</c>, <c>dlrm export</c> and the library open.</summary>
    /// <param name="path">A new folder, or a saved model, which is replaced.</param>
    /// <exception cref="IOException">It could not be written; what was there before is untouched.</exception>
    public void SaveModelFolder(string path) => ModelFolder.Save(path, new ModelContents
    {
        ConfigJson = _model.Config.ToJson(),
        Tensors = [.. _model.Parameters.Select(TensorSource.Of)],
        Files = new Dictionary<string, Action<Stream>>
        {
            [ColumnsFile] = stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(Columns.ToJson())),
        },
    });

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        BinaryWriter writer = Internals.BeginSave(ctx);
        string folder = Directory.CreateTempSubdirectory("dlrm-mlnet-").FullName;
        try
        {
            string model = Path.Combine(folder, "model");
            SaveModelFolder(model);
            PackedFolder.Write(model, writer);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Gives the model's memory back.</summary>
    public void Dispose()
    {
        _model.Dispose();
        _engine.Dispose();
    }

    /// <summary>Reads what Save wrote: ML.NET calls it by name.</summary>
    /// <param name="env">Where messages go.</param>
    /// <param name="loadContext">ML.NET's own type.</param>
    internal static ITransformer Create(IHostEnvironment env, object loadContext)
    {
        string folder = Directory.CreateTempSubdirectory("dlrm-mlnet-").FullName;
        try
        {
            PackedFolder.Read(Internals.ContentOf(loadContext), folder);
            using var saved = ModelFolder.Open(folder);
            using var columns = new StreamReader(saved.OpenFile(ColumnsFile));
            var loaded = new DlrmTransformer(
                InputColumns.FromJson(columns.ReadToEnd()), DlrmConfig.FromJson(saved.ConfigJson), threads: 1);
            saved.ReadAll([.. loaded._model.Parameters]);
            loaded._model.ParametersChanged();
            return loaded;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Scores a batch.</summary>
    /// <param name="batch">Of these columns.</param>
    /// <param name="probabilities">Room for one a sample.</param>
    internal void Score(Batch batch, Span<float> probabilities)
    {
        lock (_turn)
        {
            _model.Predict(batch).CopyTo(probabilities);
        }
    }
}
