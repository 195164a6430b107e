using Dlrm.Checkpoints;
using Dlrm.Data.Adult;
using Dlrm.Data.Scoring;
using Dlrm.Kernels;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Scoring;

public sealed class ModelScorerTests
{
    [Fact]
    public void A_models_folder_is_all_it_takes_to_score_raw_rows()
    {
        using var folder = new TemporaryFolder();
        using AdultDataSet set = AdultSample.Load(128, 100, 1);
        float[] expected = Save(folder["run/model"], set);
        AdultTable table = AdultTable.Read();
        int first = (int)set.Train.SampleCount;

        foreach ((int threads, InstructionSet isa, int capacity) in new[] { (1, InstructionSet.Portable, 7), (2, InstructionSets.Choose(), 100) })
        {
            using var scorer = ModelScorer.Open(folder["run"], new ScorerOptions { Threads = threads, InstructionSet = isa });
            using RowBatch rows = scorer.CreateBatch(capacity);
            var scores = new List<float>();
            while (scores.Count < expected.Length)
            {
                rows.Clear();
                while (!rows.IsFull && scores.Count + rows.Count < expected.Length)
                {
                    int row = first + scores.Count + rows.Count;
                    EncodedRows.AddText(
                        rows, [.. table.DenseNames, .. table.CategoricalNames],
                        [.. table.Dense.Select(column => $"{column[row]}"), .. table.Categorical.Select(column => column[row])]);
                }

                scores.AddRange(scorer.Score(rows));
            }

            Assert.Equal(expected, scores);
        }
    }

    [Fact]
    public void Negatives_that_training_did_not_see_shift_the_logit()
    {
        using var folder = new TemporaryFolder();
        using AdultDataSet set = AdultSample.Load(128, 100, 1);
        float[] scores = Save(folder["model"], set, dropped: 0.75);
        using var plain = ModelScorer.Open(folder["model"], new ScorerOptions { PriorCorrection = false });
        using var corrected = ModelScorer.Open(folder["model"]);
        using var batch = new Batch(6, 8);
        set.Test.Read(0, batch);
        Assert.Equal(scores, plain.Score(batch).ToArray());

        // Four times as many negatives: a quarter of the odds.
        float[] rare = corrected.Score(batch).ToArray();
        Assert.Equal(Math.Log(0.25), corrected.LogitShift, 12);
        for (int row = 0; row < scores.Length; row++)
        {
            Assert.Equal(scores[row] / (1 - scores[row]) / 4, rare[row] / (1 - rare[row]), 1e-5f);
        }
    }

    [Fact]
    public void A_model_without_raw_values_scores_batches_of_numbers()
    {
        using var folder = new TemporaryFolder();
        using var engine = new Engine(1);
        using var model = new DlrmModel(new DlrmConfig(), engine, optimizer: null);
        model.Initialize(new NumpyRandom(1));
        ModelFolder.Save(folder["model"], model.Config.ToJson(), model.Parameters);
        using var scorer = ModelScorer.Open(folder["model"]);
        Assert.Null(scorer.Encoder);
        Assert.Throws<InvalidOperationException>(() => scorer.CreateBatch(1));
        using var batch = new Batch(4, 3);
        batch.Resize(1);
        batch.Dense.Fill(0.5f);
        for (int table = 0; table < 3; table++)
        {
            batch.Offsets(table)[1] = 0;
        }

        Assert.Equal(model.Predict(batch).ToArray(), scorer.Score(batch).ToArray());
    }

    /// <summary>Saves a model with random parameters as training would, and gives its scores of the first test batch.</summary>
    private static float[] Save(string path, AdultDataSet set, double dropped = 0)
    {
        using var engine = new Engine(1);
        using var model = new DlrmModel(
            new DlrmConfig { TableRows = set.TableRows, EmbeddingDimension = 4, BottomMlp = [6, 8, 4], TopMlp = [8, 1], Loss = "bce" },
            engine, optimizer: null);
        model.Initialize(new NumpyRandom(3));
        using var stream = new MemoryStream();
        set.EncodingFiles["dataset.json"](stream);
        string text = System.Text.Encoding.UTF8.GetString(stream.ToArray())
            .Replace("\"negatives_dropped\": 0", $"\"negatives_dropped\": {dropped}", StringComparison.Ordinal);
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var files = new Dictionary<string, Action<Stream>>(set.EncodingFiles) { ["dataset.json"] = target => target.Write(bytes) };
        ModelFolder.Save(path, new ModelContents
        {
            ConfigJson = model.Config.ToJson(),
            Tensors = [.. model.Parameters.Select(TensorSource.Of)],
            Files = files,
        });
        using var batch = new Batch(6, 8);
        set.Test.Read(0, batch);
        return model.Predict(batch).ToArray();
    }
}
