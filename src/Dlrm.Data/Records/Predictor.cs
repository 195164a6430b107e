using System.Diagnostics.CodeAnalysis;
using Dlrm.Checkpoints;
using Dlrm.Data.Scoring;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Data.Records;

/// <summary>Scores plain records with a saved model.</summary>
/// <remarks>
/// Any number of threads may call it at a time; each computes by itself, on one core, and they share the weights, which stay
/// in the mapped file. Once as many calls as ever run at a time have run, scoring allocates nothing. A record's score is
/// that of <c>dlrm predict</c> for the same values, to the bit, whatever it is scored together with. A value that training
/// did not see counts as unknown, a missing one as missing, as in training.
/// </remarks>
/// <typeparam name="T">The record.</typeparam>
public sealed class Predictor<T> : IDisposable
{
    private readonly ModelFolder _folder;
    private readonly DlrmConfig _config;
    private readonly RowEncoder _encoder;
    private readonly RecordSchema<T> _schema;
    private readonly RecordField<T>[] _fields;
    private readonly int[] _numbers;
    private readonly MappedTensors _tensors;
    private readonly PredictorSlot?[] _idle = new PredictorSlot?[4 * Environment.ProcessorCount];

    private Predictor(ModelFolder folder, RecordSchema<T> schema)
    {
        _folder = folder;
        _schema = schema;
        _config = DlrmConfig.FromJson(folder.ConfigJson);
        _encoder = RowEncoder.Read(folder);
        _fields = [.. schema.Fields];
        _numbers = [.. _fields.Select(field => NumberOf(field, _encoder, folder.FullPath))];
        if (_encoder.Fields.FirstOrDefault(field => _fields.All(own => own.Name != field.Name)) is { } lacking)
        {
            throw new ArgumentException(
                $"The model in {folder.FullPath} has the feature '{lacking.Name}', which the schema of {typeof(T).Name} lacks: add it.");
        }

        _tensors = folder.MapTensors();
        try
        {
            Return(Make());
        }
        catch
        {
            _tensors.Dispose();
            throw;
        }
    }

    /// <summary>Loads a model for records whose properties have attributes.</summary>
    /// <param name="path">The model's folder, or that of a run with the folder <c>model</c>.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is no saved model, or damaged, or was trained on data without raw values.</exception>
    /// <exception cref="ArgumentException">The records' features are not the model's; the message names one.</exception>
    [RequiresUnreferencedCode("Reads properties by reflection; give a schema built by calls instead.")]
    [RequiresDynamicCode("Enumerations need code made at run time; give a schema built by calls instead.")]
    public static Predictor<T> Load(string path) => Load(path, RecordSchema<T>.FromAttributes());

    /// <summary>Loads a model.</summary>
    /// <param name="path">The model's folder, or that of a run with the folder <c>model</c>.</param>
    /// <param name="schema">What the records' properties are; label and weight may be left out.</param>
    /// <param name="verifyHashes">False to open a large model at once: every byte of it is not read and compared.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is no saved model, or damaged, or was trained on data without raw values.</exception>
    /// <exception cref="ArgumentException">The schema's features are not the model's; the message names one.</exception>
    public static Predictor<T> Load(string path, RecordSchema<T> schema, bool verifyHashes = true)
    {
        ArgumentNullException.ThrowIfNull(schema);
        string inside = Path.Combine(path, "model");
        var folder = ModelFolder.Open(Directory.Exists(inside) ? inside : path, verifyHashes);
        try
        {
            return new Predictor<T>(folder, schema);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Scores one record.</summary>
    /// <param name="record">The record; its label is not looked at.</param>
    /// <returns>A probability.</returns>
    /// <exception cref="ArgumentException">A value cannot be: the message names the feature.</exception>
    /// <exception cref="BadRowException">A value is not what the model's feature wants.</exception>
    public float Predict(T record)
    {
        float score = 0;
        Predict(new ReadOnlySpan<T>(in record), new Span<float>(ref score));
        return score;
    }

    /// <summary>Scores records.</summary>
    /// <param name="records">The records; their labels are not looked at.</param>
    /// <param name="scores">Gets a probability each; of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a value cannot be: the message names the feature.</exception>
    /// <exception cref="BadRowException">A value is not what the model's feature wants.</exception>
    public void Predict(ReadOnlySpan<T> records, Span<float> scores)
    {
        if (records.Length != scores.Length)
        {
            throw new ArgumentException($"There are {records.Length} records and room for {scores.Length} scores.", nameof(scores));
        }

        PredictorSlot slot = Take();
        try
        {
            while (!records.IsEmpty)
            {
                int count = Math.Min(records.Length, slot.Capacity);
                Score(slot, records[..count]).CopyTo(scores);
                records = records[count..];
                scores = scores[count..];
            }
        }
        finally
        {
            Return(slot);
        }
    }

    /// <summary>Scores records of known labels, a batch at a time.</summary>
    /// <param name="records">Not those that were learned from; read once.</param>
    /// <returns>AUC, log loss and other exact metrics.</returns>
    /// <exception cref="InvalidOperationException">The schema names no label.</exception>
    /// <exception cref="ArgumentException">A value cannot be: the message names the feature.</exception>
    public EvaluationMetrics Evaluate(IEnumerable<T> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        Func<T, float> getLabel = _schema.GetLabel
            ?? throw new InvalidOperationException($"The schema of {typeof(T).Name} names no label, so scores have nothing to be compared with: call Label.");
        using var metrics = new MetricsAccumulator();
        PredictorSlot slot = Take();
        try
        {
            foreach (T[] chunk in records.Chunk(slot.Capacity))
            {
                metrics.Add(Score(slot, chunk), [.. chunk.Select(getLabel)]);
            }
        }
        finally
        {
            Return(slot);
        }

        return metrics.Compute();
    }

    /// <summary>Gives the memory back; no call may be under way.</summary>
    public void Dispose()
    {
        foreach (PredictorSlot? slot in _idle)
        {
            slot?.Dispose();
        }

        _tensors.Dispose();
        _folder.Dispose();
    }

    private static int NumberOf(RecordField<T> field, RowEncoder encoder, string path)
    {
        int number = encoder.FieldOf(field.Name);
        if (number < 0)
        {
            throw new ArgumentException(
                $"The schema of {typeof(T).Name} has '{field.Name}', which the model in {path} lacks; it has "
                + $"{string.Join(", ", encoder.Fields.Select(other => other.Name))}.");
        }

        RawField raw = encoder.Fields[number];
        return raw.Kind == field.Kind && (field.Sparse?.Separator is not { } own || raw.Separator == own)
            ? number
            : throw new ArgumentException(
                $"'{field.Name}' is a {field.Kind} of the schema of {typeof(T).Name}, but a {raw.Kind} of the model in {path}"
                + $"{(raw.Separator is { } between && raw.Kind == field.Kind ? $" with the separator U+{(int)between[0]:X4}" : "")}: make them the same.");
    }

    private ReadOnlySpan<float> Score(PredictorSlot slot, ReadOnlySpan<T> records)
    {
        RowBatch rows = slot.RowsFor(records.Length);
        rows.Clear();
        foreach (T record in records)
        {
            ArgumentNullException.ThrowIfNull(record);
            rows.BeginRow();
            for (int i = 0; i < _fields.Length; i++)
            {
                _fields[i].Set(rows, _numbers[i], record, slot.Text);
            }

            rows.EndRow();
        }

        return slot.Model.Predict(rows.Build());
    }

    private PredictorSlot Take()
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            if (Volatile.Read(ref _idle[i]) is not null && Interlocked.Exchange(ref _idle[i], null) is { } slot)
            {
                return slot;
            }
        }

        return Make();
    }

    private void Return(PredictorSlot slot)
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            if (Interlocked.CompareExchange(ref _idle[i], slot, null) is null)
            {
                return;
            }
        }

        slot.Dispose();
    }

    private PredictorSlot Make() => new(_folder, _tensors, _config, _encoder);
}
