using System.Text.Json;
using System.Text.Json.Serialization;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Checkpoints;

/// <summary>
/// serving.json of a model folder: a few samples with the scores that the model gave them when it was saved, and how the
/// scores of the test samples were distributed. Who serves the model compares both with what it computes.
/// </summary>
/// <remarks>
/// Samples are encoded (numbers as the bottom tower takes them, rows of tables), so they need no vocabulary. Scores are the
/// same bits on every machine, so they are compared exactly.
/// </remarks>
public sealed record ServingRecord
{
    /// <summary>The file's name in the model folder.</summary>
    public const string FileName = "serving.json";

    /// <summary>Samples that are recorded at most.</summary>
    public const int MaxSamples = 8;

    private const int CurrentFormat = 1;

    /// <summary>Raised when a member changes its meaning.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>The samples.</summary>
    public required IReadOnlyList<RecordedSample> Samples { get; init; }

    /// <summary>Test scores at the end of training; null where there was no test.</summary>
    public RecordedDistribution? Scores { get; init; }

    /// <summary>Takes the first samples of a source, not yet scored.</summary>
    /// <param name="source">Labelled samples; its first batch is read.</param>
    public static ServingRecord Take(IBatchSource source)
    {
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var samples = new List<RecordedSample>();
        if (source.BatchCount > 0)
        {
            source.Read(0, batch);
            for (int sample = 0; sample < Math.Min(batch.Size, MaxSamples); sample++)
            {
                samples.Add(RecordedSample.Of(batch, sample));
            }
        }

        return new ServingRecord { Samples = samples };
    }

    /// <summary>The same samples with the scores that a model gives them.</summary>
    /// <param name="model">The model.</param>
    public ServingRecord ScoredBy(DlrmModel model)
    {
        float[] scores = Score(model);
        return this with { Samples = [.. Samples.Select((sample, i) => sample with { Score = scores[i] })] };
    }

    /// <summary>The same with the distribution of a test pass.</summary>
    /// <param name="scores">Its histogram; null for none.</param>
    public ServingRecord With(ScoreHistogram? scores) => this with
    {
        Scores = scores is null
            ? null
            : new RecordedDistribution(scores.Upper, [.. scores.Positives.Zip(scores.Negatives, (p, n) => p + n)]),
    };

    /// <summary>Compares the scores that a model gives the samples with the recorded ones.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="InvalidDataException">One differs; the message says which, and both scores.</exception>
    public void Check(DlrmModel model)
    {
        float[] scores = Score(model);
        for (int sample = 0; sample < scores.Length; sample++)
        {
            if (scores[sample] != Samples[sample].Score)
            {
                throw new InvalidDataException(
                    $"Sample {sample} of {FileName} scores {scores[sample]:R}, but {Samples[sample].Score:R} was recorded when the model "
                    + "was saved: its weights or its configuration are not those that were trained.");
            }
        }
    }

    /// <summary>The text of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ServingRecordJson.Default.ServingRecord);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="InvalidDataException">It is something else, or of a later version.</exception>
    public static ServingRecord FromJson(ReadOnlySpan<byte> json)
    {
        ServingRecord record;
        try
        {
            record = JsonSerializer.Deserialize(json, ServingRecordJson.Default.ServingRecord)
                ?? throw new InvalidDataException($"{FileName} is empty.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{FileName} is damaged: {exception.Message}", exception);
        }

        return record.FormatVersion == CurrentFormat
            ? record
            : throw new InvalidDataException(
                $"{FileName} has format version {record.FormatVersion}; this program reads version {CurrentFormat}. Use a newer one.");
    }

    private float[] Score(DlrmModel model)
    {
        int dense = model.Config.DenseFeatures;
        int tables = model.Config.TableRows.Count;
        for (int sample = 0; sample < Samples.Count; sample++)
        {
            if (Samples[sample].Dense.Count != dense || Samples[sample].Sparse.Count != tables)
            {
                throw new InvalidDataException(
                    $"Sample {sample} of {FileName} has {Samples[sample].Dense.Count} dense features and {Samples[sample].Sparse.Count} "
                    + $"tables; the model has {dense} and {tables}.");
            }
        }

        if (Samples.Count == 0)
        {
            return [];
        }

        using var batch = new Batch(dense, tables);
        Write(batch);
        return model.Predict(batch).ToArray();
    }

    private void Write(Batch batch)
    {
        batch.Resize(Samples.Count);
        for (int sample = 0; sample < Samples.Count; sample++)
        {
            for (int i = 0; i < batch.DenseFeatures; i++)
            {
                batch.Dense[(sample * batch.DenseFeatures) + i] = Samples[sample].Dense[i];
            }
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            int lookups = 0;
            for (int sample = 0; sample < Samples.Count; sample++)
            {
                IReadOnlyList<int> bag = Samples[sample].Sparse[table];
                Span<int> room = batch.ReserveIndices(table, lookups + bag.Count);
                batch.Offsets(table)[sample] = lookups;
                foreach (int index in bag)
                {
                    room[lookups++] = index;
                }
            }

            batch.Offsets(table)[Samples.Count] = lookups;
        }
    }
}

/// <summary>A sample and its score.</summary>
/// <param name="Dense">(M).</param>
/// <param name="Sparse">The bag of each table, (T).</param>
/// <param name="Score">A probability.</param>
public sealed record RecordedSample(IReadOnlyList<float> Dense, IReadOnlyList<IReadOnlyList<int>> Sparse, float Score)
{
    internal static RecordedSample Of(Batch batch, int sample)
    {
        var bags = new int[batch.Tables][];
        for (int table = 0; table < batch.Tables; table++)
        {
            Span<int> offsets = batch.Offsets(table);
            bags[table] = batch.Indices(table)[offsets[sample]..offsets[sample + 1]].ToArray();
        }

        return new RecordedSample(batch.Dense.Slice(sample * batch.DenseFeatures, batch.DenseFeatures).ToArray(), bags, 0);
    }
}

/// <summary>How scores were distributed: bins of equal width from 0 up; scores above the last are counted in it.</summary>
/// <param name="Upper">Where the last bin ends.</param>
/// <param name="Counts">Samples by bin.</param>
public sealed record RecordedDistribution(double Upper, IReadOnlyList<long> Counts);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ServingRecord))]
internal sealed partial class ServingRecordJson : JsonSerializerContext;
