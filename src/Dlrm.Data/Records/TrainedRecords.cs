using System.Text;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Data.Folders;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Data.Records;

/// <summary>A model that was trained on plain records: to be saved, or used as it is.</summary>
/// <typeparam name="T">The record.</typeparam>
public sealed class TrainedRecords<T> : IDisposable
{
    /// <summary>Rows scored at a time.</summary>
    internal const int ScoringRows = 1024;

    private readonly DataSetFolder _data;
    private readonly string _work;
    private readonly TrainingResult _result;
    private readonly Lazy<Predictor<T>> _predictor;

    internal TrainedRecords(RecordSchema<T> schema, DlrmModel model, DataSetFolder data, string work, TrainingResult result)
    {
        Model = model;
        _data = data;
        _work = work;
        _result = result;
        _predictor = new Lazy<Predictor<T>>(() =>
        {
            string path = Path.Combine(work, "model");
            Save(path);
            return Predictor<T>.Load(path, schema);
        });
    }

    /// <summary>The model.</summary>
    public DlrmModel Model { get; }

    /// <summary>Steps of training.</summary>
    public long Steps => _result.Steps;

    /// <summary>Records learned from, those of all passes together.</summary>
    public long Samples => _result.Samples;

    /// <summary>Time that training took, preparation aside.</summary>
    public TimeSpan TrainingTime => _result.TrainingTime;

    /// <summary>What the last pass over the validation records gave; null without any.</summary>
    public EvaluationMetrics? Validation => _result.Last?.Metrics;

    /// <summary>Scores single records; of this, and disposed of with it.</summary>
    public Predictor<T> Predictor => _predictor.Value;

    /// <summary>Scores records of known labels; as <see cref="Predictor{T}.Evaluate"/>.</summary>
    /// <param name="records">Not those that were learned from; read once.</param>
    public EvaluationMetrics Evaluate(IEnumerable<T> records) => Predictor.Evaluate(records);

    /// <summary>
    /// Saves a model folder, whole or not at all: what <see cref="Predictor{T}.Load(string, RecordSchema{T}, bool)"/>,
    /// <c>dlrm predict</c>, <c>dlrm serve</c> and <c>dlrm inspect</c> open.
    /// </summary>
    /// <param name="path">A new folder, or a saved model, which is replaced.</param>
    /// <exception cref="InvalidDataException">A parameter is not finite.</exception>
    /// <exception cref="IOException">It could not be saved; what was there before is untouched.</exception>
    public void Save(string path)
    {
        ModelFolder.Save(path, new ModelContents
        {
            ConfigJson = Model.Config.ToJson(),
            Tensors = [.. Model.Parameters.Select(TensorSource.Of)],
            StateJson = new JsonObject { ["step"] = _result.Steps, ["samples"] = _result.Samples }.ToJsonString(),
            Files = new Dictionary<string, Action<Stream>>(_data.EncodingFiles())
            {
                [DataSetDescription.FileName] = Writing(Describe().ToJson()),
                [ServingRecord.FileName] = Writing(SampleScores().ToJson()),
            },
            RequireFinite = true,
        });
    }

    /// <summary>Gives memory and temporary files back.</summary>
    public void Dispose()
    {
        if (_predictor.IsValueCreated)
        {
            _predictor.Value.Dispose();
        }

        Engine engine = Model.Engine;
        Model.Dispose();
        engine.Dispose();
        _data.Dispose();
        if (Directory.Exists(_work))
        {
            Directory.Delete(_work, recursive: true);
        }
    }

    private static Action<Stream> Writing(string text) => stream => stream.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Without the temporary files, which nobody can find again, and which would make no two saved models equal.</summary>
    private DataSetDescription Describe()
    {
        DataSetDescription description = _data.Description;
        HashSet<string> dense = [.. description.Dense.Select(feature => feature.Column).OfType<string>()];
        return description with
        {
            Title = $"records of {typeof(T).Name}",
            Sparse = [.. description.Sparse.Select(feature => CategoryColumn.Restore(feature, dense))],
            Sources = [],
            Settings = [],
        };
    }

    /// <summary>A few records with their scores, for whoever serves the model to compare with.</summary>
    private ServingRecord SampleScores()
    {
        using var rows = new FolderBatchSource(_data, _data.Description.Splits[^1].Name, ServingRecord.MaxSamples);
        return ServingRecord.Take(rows).ScoredBy(Model);
    }
}
