using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>
/// metrics.jsonl: one object a line, numbers in round-trip precision, an undefined metric null; each line is written out
/// at once, so that another program can follow a run. docs/metrics.md describes every member.
/// </summary>
internal sealed class MetricsFile : TrainingObserver, ITrainingState, IDisposable
{
    /// <summary>Raised when a member changes its meaning; members and kinds of lines may be added without.</summary>
    public const int FormatVersion = 1;

    private readonly string _path;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;
    private FileStream _file;
    private long _head;
    private RunEnd? _end;

    /// <summary>Creates the file, replacing an old one; or opens one that <see cref="Restore"/> will go on with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="resume">True to keep what is there.</param>
    public MetricsFile(string path, bool resume = false)
    {
        _path = path;
        _file = Open(resume ? FileMode.OpenOrCreate : FileMode.Create);
        _json = new Utf8JsonWriter(_line);
    }

    /// <summary>In state.json: the bytes after the first line at the checkpoint. What came after them is written again.</summary>
    public string Name => "metrics.jsonl";

    public JsonNode Save() => JsonValue.Create(_file.Position - _head);

    /// <summary>Goes on where the file was at the checkpoint; a file that is shorter has lost lines, and goes on at its end.</summary>
    public void Restore(JsonNode state)
    {
        _head = HeadLength();
        _file.SetLength(Math.Min(_file.Length, _head + state.GetValue<long>()));
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Has the system write the lines through to the disk; from any thread.</summary>
    public void Flush() => RandomAccess.FlushToDisk(_file.SafeFileHandle);

    /// <summary>The first line of a file: its version and the run's size.</summary>
    /// <remarks>
    /// Nothing of the process or the clock stands in it: a resumed run leaves the same lines as one never stopped. One that goes
    /// on with more epochs gets the line of a run of that size.
    /// </remarks>
    public override void Started(TrainingPlan plan)
    {
        _end = new RunEnd(RunEnd.Failed, plan.FirstStep, 0);
        _json.WriteStartObject();
        _json.WriteString("kind", "run");
        _json.WriteNumber("version", FormatVersion);
        _json.WriteNumber("steps", (long)plan.Epochs * plan.BatchesPerEpoch);
        _json.WriteNumber("epochs", plan.Epochs);
        _json.WriteNumber("samples_per_epoch", plan.SamplesPerEpoch);
        CloseLine();
        byte[] head = _line.WrittenSpan.ToArray();
        _line.ResetWrittenCount();
        byte[] there = Read(0, _head);
        if (!there.AsSpan().SequenceEqual(head))
        {
            Begin(head);
        }
    }

    public override void Trained(TrainRecord record)
    {
        _end = _end is null ? null : _end with { Step = record.Step, Samples = record.Samples };
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
        if (record.Part is { } part)
        {
            _json.WriteString("part", part);
        }

        _json.WriteNumber("step", record.Step);
        _json.WriteNumber("epoch", record.Epoch);
        WriteMetrics(_json, record.Metrics, record.Loss);
        WriteFinite("best_accuracy", record.BestAccuracy);
        WriteFinite("best_auc", record.BestAuc);
        _json.WriteBoolean("is_best", record.IsBest);
        EndLine();
    }

    /// <summary>One line for each further test set.</summary>
    public override void EvaluatedPart(EvaluationRecord record)
    {
        _json.WriteStartObject();
        _json.WriteString("kind", "eval_part");
        _json.WriteString("part", record.Part);
        _json.WriteNumber("step", record.Step);
        _json.WriteNumber("epoch", record.Epoch);
        WriteMetrics(_json, record.Metrics, record.Loss);
        EndLine();
    }

    /// <summary>Keeps the end for the last line, which <see cref="Dispose"/> writes: no checkpoint has it.</summary>
    public override void Ended(RunEnd end) => _end = end;

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
        WriteFinite(json, "positives", metrics.Positives);
    }

    /// <summary>Writes how the run ended and closes the file; a run that did not come to its end has failed.</summary>
    public void Dispose()
    {
        if (_end is { } end)
        {
            _json.WriteStartObject();
            _json.WriteString("kind", "end");
            _json.WriteString("outcome", end.Outcome);
            _json.WriteNumber("step", end.Step);
            _json.WriteNumber("samples", end.Samples);
            EndLine();
        }

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
        CloseLine();
        _file.Write(_line.WrittenSpan);
        _line.ResetWrittenCount();
    }

    private void CloseLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _line.Write("\n"u8);
        _json.Reset();
    }

    private FileStream Open(FileMode mode) => new(_path, mode, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    /// <summary>Gives the file this first line; one that goes on with it is replaced as a whole, so that no crash cuts it.</summary>
    private void Begin(byte[] head)
    {
        if (_file.Position > 0)
        {
            byte[] rest = Read(_head, _file.Position - _head);
            string temporary = _path + ".tmp";
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(head);
                file.Write(rest);
                file.Flush(flushToDisk: true);
            }

            _file.Dispose();
            File.Move(temporary, _path, overwrite: true);
            _file = Open(FileMode.Open);
            _file.Seek(0, SeekOrigin.End);
        }
        else
        {
            _file.Write(head);
        }

        _head = head.Length;
    }

    private byte[] Read(long start, long length)
    {
        byte[] bytes = new byte[length];
        int read = 0;
        while (read < bytes.Length && RandomAccess.Read(_file.SafeFileHandle, bytes.AsSpan(read), start + read) is var count and > 0)
        {
            read += count;
        }

        return bytes[..read];
    }

    /// <summary>Bytes of the first line; 0 where it is no such line.</summary>
    private long HeadLength()
    {
        const int Longest = 4096;
        byte[] start = Read(0, Math.Min(_file.Length, Longest));
        return start.AsSpan().StartsWith("{\"kind\":\"run\""u8) ? start.AsSpan().IndexOf((byte)'\n') + 1 : 0;
    }
}
