using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class ModelSnapshotTests
{
    [Theory]
    [InlineData("full", "sgd")]
    [InlineData("full", "adam")]
    [InlineData("weighted", "adagrad")]
    [InlineData("weighted", "rwsadagrad")]
    [InlineData("weighted", "ftrl")]
    [InlineData("qr-mult", "adagrad")]
    [InlineData("qr-concat", "adagrad")]
    [InlineData("md", "adam")]
    [InlineData("weighted+qr-mult", "adagrad")]
    [InlineData("bf16", "adagrad")]
    [InlineData("weighted+qr-add+bf16", "sgd")]
    public void Steps_between_any_two_pieces_do_not_show(string tables, string optimizer)
    {
        DlrmConfig config = (tables == "full" ? ModelFixture.Config() : ModelFixture.Compressed(tables)) with
        {
            TableRows = [9001, 7, 1, 301, 5000], // some of several pieces
        };
        using var engine = new Engine(2);
        using var model = new DlrmModel(config, engine, optimizer);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        RandomBatchSource source = ModelFixture.Source(config, random, batches: 40);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        int step = 0;
        Train();
        byte[] expected = TrainingFixture.Bits(model);

        long aside;
        using var written = new SteppingStream(Train);
        using (var snapshot = new ModelSnapshot(model))
        {
            Assert.Throws<InvalidOperationException>(() => new ModelSnapshot(model));
            Train();
            SafetensorsWriter.Write(written, snapshot.Tensors);
            SafetensorsWriter.Write(written, snapshot.OptimizerTensors);
            aside = snapshot.BytesAside;
        }

        Assert.True(step > 10, "the steps must come between the pieces");
        Assert.True(aside > 0);
        Assert.Equal(expected, written.ToArray());
        Assert.NotEqual(expected, TrainingFixture.Bits(model));
        Assert.Null(model.Tables.Snapshot);

        void Train()
        {
            source.Read(step++ % source.BatchCount, batch);
            model.TrainStep(batch, 0.1f);
        }
    }

    [Fact]
    public void Every_table_is_read_in_place()
    {
        foreach (string tables in new[] { "qr-mult", "qr-add", "qr-concat", "md", "weighted", "weighted+md", "weighted+qr-mult" })
        {
            using var engine = new Engine(1);
            using var model = new DlrmModel(ModelFixture.Compressed(tables), engine);
            Assert.Equal(Enumerable.Range(0, model.Tables.SparseParameters.Count), model.Tables.SnapshotParameters().Order());
        }
    }

    /// <summary>Takes a training step before each piece.</summary>
    private sealed class SteppingStream(Action step) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            step();
            base.Write(buffer);
        }
    }
}
