using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>
/// metrics.jsonl: one object a line, numbers in round-trip precision, an undefined metric null; each line is written out
/// at once, so that another program can follow a run.
/// </summary>
internal sealed class MetricsFile : TrainingObserver, ITrainingState, IDisposable
{
    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;

    /// <summary>Creates the file, replacing an old one; or opens one that <see cref="Restore"/> will go on with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="resume">True to keep what is there.</param>
    public MetricsFile(string path, bool resume = false)
    {
        _file = new FileStream(
            path, resume ? FileMode.OpenOrCreate : FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _json = new Utf8JsonWriter(_line);
    }

    /// <summary>In state.json: the file's length at the checkpoint. What came after is written again.</summary>
    public string Name => "metrics.jsonl";

    public JsonNode Save() => JsonValue.Create(_file.Position);

    /// <summary>Goes on where the file was at the checkpoint; a file that is shorter has lost lines, and goes on at its end.</summary>
    public void Restore(JsonNode state)
    {
        _file.SetLength(Math.Min(_file.Length, state.GetValue<long>()));
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Has the system write the lines through to the disk; from any thread.</summary>
    public void Flush() => RandomAccess.FlushToDisk(_file.SafeFileHandle);

    public override void Trained(TrainRecord record)
    {
        _json.WriteStartObject();
        _json.WriteString("kind", "train");
        _json.WriteNumber("step", record.Step);
        _json.WriteNumber("epoch", record.Epoch);
        WriteFinite("loss", record.Loss);
        WriteFinite("ms_per_it", Math.Round(record.MillisecondsPerStep, 4));
        _json.WriteNumber("lr", (float)record.LearningRate);
        _json.WriteNumber("samples", record.Samples);
        EndLine();
    }

    /// <summary>The one look at the test samples, where tests were on samples held out.</summary>
    public void Final(EvaluationRecord record)
    {
        _json.WriteStartObject();
        _json.WriteString("kind", "final");
        _json.WriteNumber("step", record.Step);
        WriteMetrics(_json, record.Metrics, record.Loss);
        EndLine();
    }

    public override void Evaluated(EvaluationRecord record)
    {
        _json.WriteStartObject();
        _json.WriteString("kind", "eval");
        _json.WriteNumber("step", record.Step);
        _json.WriteNumber("epoch", record.Epoch);
        WriteMetrics(_json, record.Metrics, record.Loss);
        WriteFinite("best_accuracy", record.BestAccuracy);
        WriteFinite("best_auc", record.BestAuc);
        _json.WriteBoolean("is_best", record.IsBest);
        EndLine();
    }

    /// <summary>The members that say how well a model does, as <c>evaluate --format=json</c> prints them too.</summary>
    public static void WriteMetrics(Utf8JsonWriter json, EvaluationMetrics metrics, double loss)
    {
        json.WriteNumber("samples", metrics.Samples);
        WriteFinite(json, "loss", loss);
        WriteFinite(json, "log_loss", metrics.LogLoss);
        WriteFinite(json, "accuracy", metrics.Accuracy);
        WriteFinite(json, "auc", metrics.Auc);
        WriteFinite(json, "ne", metrics.NormalizedEntropy);
        WriteFinite(json, "calibration", metrics.Calibration);
        WriteFinite(json, "average_precision", metrics.AveragePrecision);
        WriteFinite(json, "precision", metrics.Precision);
        WriteFinite(json, "recall", metrics.Recall);
        WriteFinite(json, "f1", metrics.F1);
        WriteFinite(json, "label_rate", metrics.LabelRate);
        WriteFinite(json, "mean_score", metrics.MeanScore);
    }

    public void Dispose()
    {
        _json.Dispose();
        _file.Dispose();
    }

    /// <summary>JSON has no NaN: what is not finite becomes null.</summary>
    private static void WriteFinite(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private void WriteFinite(string name, double? value) => WriteFinite(_json, name, value);

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
        _line.ResetWrittenCount();
        _json.Reset();
    }
}
