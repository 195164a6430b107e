using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Interop.Models;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Interop.Tests.PyTorch;

public sealed class TorchModelFileTests
{
    [Theory]
    [InlineData("save.pt")]
    [InlineData("legacy.pt")]
    public void The_references_checkpoint_gives_its_scores(string name)
    {
        using var file = TestFile.Copy(name);
        using var saved = ModelFile.Open(file.Path);
        using var engine = new Engine(1);
        using var model = new DlrmModel(saved.Config, engine, optimizer: null);
        saved.ReadInto(model);

        using JsonDocument golden = JsonDocument.Parse(TestFile.Read("load-infer.json"));
        float[] expected = [.. golden.RootElement.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle())];
        float[] scores = [.. Scores(model, batches: 20, size: 16, seed: 119)];

        Assert.Equal(expected.Length, scores.Length);
        Assert.All(scores.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        foreach (Parameter parameter in model.Parameters)
        {
            JsonElement final = golden.RootElement.GetProperty("final").GetProperty(parameter.Name);
            float[] last = [.. final.GetProperty("last").EnumerateArray().Select(value => value.GetSingle())];
            Assert.Equal(last, parameter.Value.Span.ToArray()[^last.Length..]);
            Assert.Equal(final.GetProperty("sum").GetDouble(), parameter.Value.Span.ToArray().Sum(value => (double)value), 1e-5);
        }
    }

    [Theory]
    [InlineData("save.pt")]
    [InlineData("legacy.pt")]
    public void Its_architecture_and_counters_are_read(string name)
    {
        using var file = TestFile.Copy(name);
        using var saved = ModelFile.Open(file.Path);

        Assert.Equal([100, 57, 301, 8], saved.Config.TableRows);
        Assert.Equal([6, 16, 8], saved.Config.BottomMlp);
        Assert.Equal([16, 8, 1], saved.Config.TopMlp);
        Assert.Equal("dot", saved.Config.Interaction);
        Assert.Equal("sgd", saved.OptimizerName);
        Assert.Equal(0.1, saved.LearningRate);
        TrainingCounters counters = saved.Counters!;
        Assert.Equal((0, 1, 20, 20, 20), (counters.Epoch, counters.Epochs, counters.Iteration, counters.Batches, counters.TestBatches));
        Assert.Equal(0.25787713527679446, counters.TrainLoss);
        Assert.Equal(0.515625, counters.TestAccuracy);
    }

    [Fact]
    public void A_model_folder_made_of_it_holds_the_same_bits()
    {
        using var file = TestFile.Copy("save.pt");
        using var saved = ModelFile.Open(file.Path);
        string path = file.Beside("model");
        ModelFolder.Save(path, saved.ToContents(CountersJson.Write(saved.Counters)));
        using var folder = ModelFile.Open(path);

        Assert.Equal(saved.Counters, folder.Counters);
        foreach ((string name, _) in ParameterShapes.Of(saved.Config))
        {
            Assert.Equal(Bytes(saved.OpenParameter(name)), Bytes(folder.OpenParameter(name)));
        }
    }

    internal static byte[] Bytes(Stream stream)
    {
        using (stream)
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            return memory.ToArray();
        }
    }

    internal static IEnumerable<float> Scores(DlrmModel model, int batches, int size, int seed)
    {
        var source = new RandomBatchSource(
            new RandomDataOptions
            {
                DenseFeatures = model.Config.DenseFeatures,
                TableRows = model.Config.TableRows,
                NumBatches = batches,
                BatchSize = size,
                RoundTargets = true,
                Seed = seed,
            },
            new NumpyRandom(seed));
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        var scores = new List<float>();
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            scores.AddRange(model.Predict(batch));
        }

        return scores;
    }
}
