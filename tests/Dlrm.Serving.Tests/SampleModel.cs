using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Data.Adult;
using Dlrm.Model;
using Dlrm.Random;

namespace Dlrm.Serving.Tests;

/// <summary>Model folders for the rows of the embedded census, with parameters drawn at random: scores need no training.</summary>
internal static class SampleModel
{
    /// <summary>Some raw rows.</summary>
    public static readonly string[] Rows =
    [
        """{"age": 39, "workclass": "State-gov", "education": "Bachelors", "education_num": 13, "capital_gain": 2174, "hours_per_week": 40, "sex": "Male"}""",
        """{"age": 50, "workclass": "Private", "education": "HS-grad", "marital_status": "Divorced", "occupation": "Sales", "sex": "Female"}""",
        """{"age": null, "workclass": "a class of its own", "native_country": "Cuba"}""",
    ];

    private static readonly Lazy<AdultDataSet> Census = new(() => AdultSample.Load(32, 32, 1));

    /// <summary>All of them as a JSON array.</summary>
    public static string RowsArray => $"[{string.Join(", ", Rows)}]";

    /// <summary>Saves a model.</summary>
    /// <param name="path">A new folder.</param>
    /// <param name="seed">Decides the parameters, and so the scores.</param>
    /// <param name="bits">Of tables and towers.</param>
    /// <param name="raw">False for a folder that does not say how raw rows are encoded.</param>
    /// <param name="spoil">Changes a recorded score, so that the model contradicts its record.</param>
    public static void Save(string path, int seed = 1, int bits = 32, bool raw = true, bool spoil = false)
    {
        AdultDataSet set = Census.Value;
        using var engine = new Engine(1);
        var config = new DlrmConfig
        {
            TableRows = set.Test.TableRows,
            EmbeddingDimension = 8,
            BottomMlp = [set.Test.DenseFeatures, 16, 8],
            TopMlp = [16, 1],
            Loss = "bce",
        };
        using var single = new DlrmModel(config, engine, optimizer: null);
        single.Initialize(new NumpyRandom(seed));
        DlrmModel model = bits == 32
            ? single
            : ModelQuantizer.Quantize(single, new ModelPrecision { EmbeddingBits = bits, MlpBits = bits == 4 ? 16 : 8 });
        ServingRecord record = ServingRecord.Take(set.Test).ScoredBy(model) with
        {
            Scores = new RecordedDistribution(1, [.. Enumerable.Range(0, 40).Select(bin => bin is > 10 and < 30 ? 100L : 1L)]),
        };
        if (spoil)
        {
            record = record with { Samples = [record.Samples[0] with { Score = record.Samples[0].Score + 0.001f }] };
        }

        var files = new Dictionary<string, Action<Stream>>(raw ? set.EncodingFiles : new Dictionary<string, Action<Stream>>())
        {
            [ServingRecord.FileName] = stream => stream.Write(Encoding.UTF8.GetBytes(record.ToJson())),
        };
        ModelFolder.Save(path, new ModelContents
        {
            ConfigJson = model.Config.ToJson(),
            Tensors = [.. model.Parameters.Select(TensorSource.Of)],
            Files = files,
        });
        if (model != single)
        {
            model.Dispose();
        }
    }

    /// <summary>Scores of a batch by a model that reads its folder in the ordinary way.</summary>
    public static float[] Predict(string path, Batch batch)
    {
        using var folder = ModelFolder.Open(path);
        using var engine = new Engine(1);
        using var model = new DlrmModel(DlrmConfig.FromJson(folder.ConfigJson), engine, optimizer: null);
        folder.ReadAll([.. model.Parameters]);
        model.ParametersChanged();
        return model.Predict(batch).ToArray();
    }

    /// <summary>Scores of raw rows, the same way.</summary>
    public static float[] Predict(string path, string rows)
    {
        var encoder = Data.Scoring.RowEncoder.Open(path);
        using var batch = new Data.Scoring.RowBatch(encoder, 64);
        foreach (JsonNode? row in JsonNode.Parse(rows)!.AsArray())
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(row!.ToJsonString()));
            if (!batch.TryAddJson(ref reader, Data.Scoring.UnknownProperty.Refuse, out Data.Scoring.RowProblem problem))
            {
                throw new InvalidOperationException(problem.ToString());
            }
        }

        return Predict(path, batch.Build());
    }

    /// <summary>The scores that a model's folder records.</summary>
    public static float[] RecordedScores(string path)
    {
        using var folder = ModelFolder.Open(path);
        return [.. folder.ServingRecord!.Samples.Select(sample => sample.Score)];
    }

    /// <summary>The recorded samples as a batch.</summary>
    public static Batch RecordedRows(string path)
    {
        using var folder = ModelFolder.Open(path);
        IReadOnlyList<RecordedSample> samples = folder.ServingRecord!.Samples;
        var batch = new Batch(samples[0].Dense.Count, samples[0].Sparse.Count);
        batch.Resize(samples.Count);
        for (int row = 0; row < samples.Count; row++)
        {
            samples[row].Dense.ToArray().CopyTo(batch.Dense[(row * batch.DenseFeatures)..]);
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            batch.ReserveIndices(table, samples.Count);
            for (int row = 0; row <= samples.Count; row++)
            {
                batch.Offsets(table)[row] = row;
            }

            for (int row = 0; row < samples.Count; row++)
            {
                batch.Indices(table)[row] = samples[row].Sparse[table][0];
            }
        }

        return batch;
    }
}
