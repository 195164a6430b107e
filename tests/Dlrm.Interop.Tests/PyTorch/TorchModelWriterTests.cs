using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Interop.Models;
using Dlrm.Interop.PyTorch;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Interop.Tests.PyTorch;

public sealed class TorchModelWriterTests
{
    /// <summary>Table kinds and optimizers that go both ways.</summary>
    public static TheoryData<string, string> Kinds { get; } = new()
    {
        { "full", "sgd" }, { "full", "momentum" }, { "full", "adagrad" }, { "full", "rwsadagrad" }, { "full", "adam" }, { "full", "ftrl" },
        { "qr-mult", "rwsadagrad" }, { "qr-add", "adagrad" }, { "qr-concat", "sgd" }, { "md", "adagrad" }, { "md", "rwsadagrad" },
        { "weighted", "adagrad" }, { "weighted", "rwsadagrad" }, { "dcn", "adagrad" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_written_is_read_to_the_bit(string tables, string optimizer)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, tables, optimizer);
        using var file = TestFile.Named("x.pt");
        TorchModelWriter.Write(file.Path, Contents(model, optimizer));

        using var read = ModelFile.Open(file.Path);
        using DlrmModel copy = Create(engine, read.Config, optimizer);
        read.ReadInto(copy);
        Assert.True(read.ReadInto(copy.Optimizer!));

        Assert.Equal(model.Config.ToJson(), read.Config.ToJson());
        Assert.Equal(optimizer == "momentum" ? "sgd" : optimizer, read.OptimizerName);
        Assert.Equal(new TrainingCounters { Iteration = 6, Batches = 6, TrainLoss = 0.5, TestAccuracy = 0.75 }, read.Counters);
        Assert.All(model.Parameters.Zip(copy.Parameters), pair => Assert.Equal(pair.First.Value.Span.ToArray(), pair.Second.Value.Span.ToArray()));
        Assert.All(
            model.Optimizer!.States.Zip(copy.Optimizer!.States),
            pair => Assert.Equal(pair.First.Value.Span.ToArray(), pair.Second.Value.Span.ToArray()));
    }

    [Theory]
    [InlineData("full", "dot")]
    [InlineData("full", "cat")]
    [InlineData("full", "dot-dense")]
    [InlineData("full", "sum")]
    [InlineData("qr-mult", "dot")]
    [InlineData("qr-concat", "dot")]
    [InlineData("md", "dot")]
    [InlineData("weighted", "dot")]
    [InlineData("full", "dcn")]
    public void Without_our_entry_the_architecture_follows_from_the_shapes(string tables, string interaction)
    {
        DlrmConfig config = (tables == "full" ? ModelFixture.Config() : ModelFixture.Compressed(tables)) with { Interaction = interaction };
        using var engine = new Engine(1);
        using DlrmModel model = Create(engine, config, "sgd");
        var shapes = new ShapesOnly(model);

        DlrmConfig read = ConfigReader.Read(shapes, new ModelHints { TableRows = config.TableRows });

        Assert.Equal(ParameterShapes.Of(config).Select(Text), ParameterShapes.Of(read).Select(Text));
        Assert.Equal(model.Parameters.Select(p => Text((p.Name, [.. p.Shape]))), ParameterShapes.Of(config).Select(Text));
        Assert.Equal(interaction, read.Interaction);
    }

    [Fact]
    public void Debians_PyTorch_loads_it_as_weights_only()
    {
        Python.Require("torch");
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, "md", "adagrad");
        using var file = TestFile.Named("x.pt");
        TorchModelWriter.Write(file.Path, Contents(model, "adagrad"));

        string output = Python.Run(
            "import sys, torch\n"
            + "d = torch.load(sys.argv[1], weights_only=True)\n"
            + "p = [torch.nn.Parameter(v) for v in d['state_dict'].values()]\n"
            + "o = torch.optim.Adagrad(p)\n"
            + "o.load_state_dict(d['opt_state_dict'])\n"
            + "print('{:.6f} {:d} {:d}'.format(d['train_loss'], d['epoch'], d['iter']))\n"
            + "for k, v in d['state_dict'].items(): print(k, tuple(v.shape), v.double().sum().item())\n"
            + "p[0].grad = torch.ones_like(p[0])\n"
            + "o.step()",
            file.Path);

        string[] lines = output.Trim().Split('\n');
        Assert.Equal("0.500000 0 6", lines[0]);
        Assert.Equal(model.Parameters.Select(parameter => parameter.Name), lines[1..].Select(line => line.Split(' ')[0]));
        Assert.All(
            model.Parameters.Zip(lines[1..]),
            pair => Assert.Equal(
                pair.First.Value.Span.ToArray().Sum(value => (double)value),
                double.Parse(pair.Second.Split(' ')[^1], CultureInfo.InvariantCulture),
                1e-9));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("dcn")]
    public void TorchRec_names_go_both_ways(string kind)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, kind, "sgd");
        using var file = TestFile.Named("x.pt");
        TorchModelWriter.WriteTorchRec(file.Path, Contents(model, "sgd"));

        using var names = new TorchArchive(TorchFile.Open(file.Path));
        Assert.Contains("model.sparse_arch.embedding_bag_collection.embedding_bags.t_cat_0.weight", names.Shapes.Keys);
        Assert.Contains("model.dense_arch.model._mlp.1._linear.bias", names.Shapes.Keys);
        Assert.Contains("model.over_arch.model.0._mlp.0._linear.weight", names.Shapes.Keys);
        Assert.Contains("model.over_arch.model.1.weight", names.Shapes.Keys);
        Assert.Equal(kind == "dcn", names.Shapes.ContainsKey("model.inter_arch.crossnet.V_kernels.0"));
        using var read = ModelFile.Open(file.Path);
        using DlrmModel copy = Create(engine, read.Config, "sgd");
        read.ReadInto(copy);

        Assert.All(model.Parameters.Zip(copy.Parameters), pair => Assert.Equal(pair.First.Value.Span.ToArray(), pair.Second.Value.Span.ToArray()));
    }

    [Fact]
    public void TorchRecs_forward_pass_gives_our_scores()
    {
        Python.Require("torch");
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, "full", "sgd");
        using var file = TestFile.Named("x.pt");
        TorchModelWriter.WriteTorchRec(file.Path, Contents(model, "sgd"));
        using var batch = new Batch(5, 5);
        batch.Resize(1);
        for (int feature = 0; feature < 5; feature++)
        {
            batch.Dense[feature] = feature / 5f;
            batch.Offsets(feature)[1] = 1;
            batch.ReserveIndices(feature, 1)[0] = 0;
        }

        // TorchRec's forward pass, as its models/dlrm.py states it, in plain PyTorch.
        string output = Python.Run(
            "import sys, torch\n"
            + "d = torch.load(sys.argv[1], weights_only=True)\n"
            + "l = torch.nn.functional.linear\n"
            + "x = torch.arange(5).float().reshape(1, 5) / 5\n"
            + "for i in range(2): x = l(x, d['model.dense_arch.model._mlp.%d._linear.weight' % i], d['model.dense_arch.model._mlp.%d._linear.bias' % i]).relu()\n"
            + "t = torch.stack([x] + [d['model.sparse_arch.embedding_bag_collection.embedding_bags.t_cat_%d.weight' % i][:1] for i in range(5)], 1)\n"
            + "p = torch.triu_indices(6, 6, offset=1)\n"
            + "x = torch.cat([x, torch.bmm(t, t.transpose(1, 2))[:, p[0], p[1]]], 1)\n"
            + "for i in range(2): x = l(x, d['model.over_arch.model.0._mlp.%d._linear.weight' % i], d['model.over_arch.model.0._mlp.%d._linear.bias' % i]).relu()\n"
            + "print(torch.sigmoid(l(x, d['model.over_arch.model.1.weight'], d['model.over_arch.model.1.bias'])).item())",
            file.Path);

        Assert.Equal(double.Parse(output, CultureInfo.InvariantCulture), model.Predict(batch)[0], 1e-6);
    }

    [Theory]
    [InlineData("md", "dot", "tables other than full")]
    [InlineData("full", "cat", "interaction cat")]
    public void TorchRec_has_no_such_model(string tables, string interaction, string says)
    {
        using var engine = new Engine(1);
        DlrmConfig config = (tables == "full" ? ModelFixture.Config() : ModelFixture.Compressed(tables)) with { Interaction = interaction };
        using DlrmModel model = Create(engine, config, "sgd");

        ArgumentException refused = Assert.Throws<ArgumentException>(() => TorchModelWriter.WriteTorchRec("never.pt", Contents(model, "sgd")));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    private static DlrmModel Create(Engine engine, DlrmConfig config, string optimizer) => optimizer == "momentum"
        ? new DlrmModel(config, engine, "sgd", new OptimizerOptions { Momentum = 0.9f })
        : new DlrmModel(config, engine, optimizer);

    private static DlrmModel Train(Engine engine, string tables, string optimizer)
    {
        DlrmConfig config = tables is "full" or "dcn" ? ModelFixture.Config(tables == "dcn" ? "dcn" : "dot") : ModelFixture.Compressed(tables);
        DlrmModel model = Create(engine, config, optimizer);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        RandomBatchSource source = ModelFixture.Source(model.Config, random);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            model.TrainStep(batch, 0.05f);
        }

        return model;
    }

    private static TorchModelContents Contents(DlrmModel model, string optimizer) => new()
    {
        Config = model.Config,
        Tensors = [.. model.Parameters.Select(TensorSource.Of)],
        OptimizerTensors =
            [.. model.Optimizer!.States.Select(state => TensorSource.Of(state.Name, [.. state.Shape.Select(extent => (long)extent)], state.Value))],
        OptimizerName = optimizer == "momentum" ? "sgd" : optimizer,
        Momentum = optimizer == "momentum" ? 0.9 : 0,
        Counters = new TrainingCounters { Iteration = 6, Batches = 6, TrainLoss = 0.5, TestAccuracy = 0.75 },
    };

    private static string Text((string Name, int[] Shape) entry) => $"{entry.Name} {string.Join(',', entry.Shape)}";

    private sealed class ShapesOnly(DlrmModel model) : ITensorArchive
    {
        public string Path => "x.pt";

        public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; } = model.Parameters.ToDictionary(
            parameter => parameter.Name, parameter => (IReadOnlyList<long>)[.. parameter.Shape.Select(extent => (long)extent)]);

        public Stream Open(string name) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
