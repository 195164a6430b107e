using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Interop.Models;
using Dlrm.Interop.Pickle;
using Dlrm.Interop.PyTorch;
using Dlrm.Kernels;
using Dlrm.Layers;
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
        { "batch", "adagrad" }, { "layer", "adam" }, { "batch-gelu", "rwsadagrad" },
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

    [Theory]
    [InlineData("batch")]
    [InlineData("layer")]
    [InlineData("batch-gelu")]
    public void PyTorchs_own_modules_load_normalized_towers_and_give_our_scores(string kind)
    {
        Python.Require("torch");
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, kind, "adagrad");
        using var file = TestFile.Named("x.pt");
        TorchModelWriter.Write(file.Path, Contents(model, "adagrad"));
        using var batch = new Batch(5, 5);
        batch.Resize(1);
        for (int feature = 0; feature < 5; feature++)
        {
            batch.Dense[feature] = feature / 5f;
            batch.Offsets(feature)[1] = 1;
            batch.ReserveIndices(feature, 1)[0] = 0;
        }

        string output = Python.Run(
            "import sys, torch\nfrom torch import nn\n"
            + "kind = sys.argv[2]\n"
            + "norm = nn.BatchNorm1d if kind.startswith('batch') else nn.LayerNorm\n"
            + "act = nn.GELU if kind.endswith('gelu') else nn.Tanh\n"
            + "def tower(widths, last):\n"
            + "    m = []\n"
            + "    for i in range(1, len(widths)):\n"
            + "        m.append(nn.Linear(widths[i - 1], widths[i]))\n"
            + "        if i < len(widths) - 1:\n"
            + "            m += [norm(widths[i]), act()] + ([nn.Dropout(0.25)] if kind.endswith('gelu') else [])\n"
            + "        elif last: m.append(act())\n"
            + "    return nn.Sequential(*m)\n"
            + "d = torch.load(sys.argv[1], weights_only=True)\n"
            + "m = nn.Module()\n"
            + "m.bot_l = tower(eval(sys.argv[3]), True)\n"
            + "m.top_l = tower(eval(sys.argv[4]), False)\n"
            + "m.emb_l = nn.ModuleList(nn.EmbeddingBag(v.shape[0], v.shape[1], mode='sum') for k, v in d['state_dict'].items() if k.startswith('emb_l'))\n"
            + "m.load_state_dict(d['state_dict'])\n" // Strict: every name is there, and none besides.
            + "m.eval()\n"
            + "x = m.bot_l(torch.arange(5).float().reshape(1, 5) / 5)\n"
            + "t = torch.stack([x] + [e(torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long)) for e in m.emb_l], 1)\n"
            + "p = torch.bmm(t, t.transpose(1, 2))\n"
            + "x = torch.cat([x] + [p[:, i, j].reshape(1, 1) for i in range(6) for j in range(i)], 1)\n"
            + "print(torch.sigmoid(m.top_l(x)).item())",
            file.Path,
            kind,
            $"[{string.Join(',', model.Config.BottomMlp)}]",
            $"[{string.Join(',', model.Config.TopWidths())}]");

        Assert.Equal(double.Parse(output, CultureInfo.InvariantCulture), model.Predict(batch)[0], 1e-6);
    }

    [Theory]
    [InlineData("batch")]
    [InlineData("layer")]
    [InlineData("batch-gelu")]
    public void Without_our_entry_normalization_follows_from_the_names(string kind)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, kind, "sgd");
        using var file = TestFile.Named("x.pt");
        var state = new PickleDictionary { IsOrdered = true };
        foreach (Parameter parameter in model.Parameters)
        {
            state.Set(TowerNames.Theirs(parameter.Name, model.Config.Tower), TensorSource.Of(parameter));
        }

        AtomicFile.Write(file.Path, stream => TorchWriter.Write(stream, state));
        using var read = ModelFile.Open(file.Path, new ModelHints { Activation = model.Config.Tower!.Activation });
        using DlrmModel copy = Create(engine, read.Config, "sgd");
        read.ReadInto(copy);

        Assert.Equal(model.Config.Tower with { Dropout = 0 }, read.Config.Tower);
        Assert.All(model.Parameters.Zip(copy.Parameters), pair => Assert.Equal(pair.First.Value.Span.ToArray(), pair.Second.Value.Span.ToArray()));
    }

    [Theory]
    [InlineData(8, 32)]
    [InlineData(4, 16)]
    [InlineData(32, 8)]
    public void A_quantized_folder_is_written_as_the_numbers_that_it_stands_for(int tableBits, int towerBits)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, "full", "sgd");
        using DlrmModel quantized = ModelQuantizer.Quantize(model, new ModelPrecision { EmbeddingBits = tableBits, MlpBits = towerBits });
        using var file = TestFile.Named("x.pt");
        string folder = file.Beside("model");
        ModelFolder.Save(folder, new ModelContents
        {
            ConfigJson = quantized.Config.ToJson(),
            Tensors = [.. quantized.Parameters.Select(TensorSource.Of)],
        });
        using (var saved = ModelFile.Open(folder))
        {
            TorchModelWriter.Write(file.Path, saved.ToTorch());
        }

        using var read = ModelFile.Open(file.Path);
        using DlrmModel copy = Create(engine, read.Config, "sgd");
        read.ReadInto(copy);

        Assert.False(read.Config.Precision.IsQuantized);
        var parameters = quantized.Parameters.ToDictionary(parameter => parameter.Name);
        foreach (Parameter parameter in copy.Parameters)
        {
            Parameter from = parameters[parameter.Name];
            float[] expected = new float[from.Elements];
            if (from.Storage == StorageFormat.Int8)
            {
                expected = Array.ConvertAll(from.Packed.Span.ToArray(), code => (sbyte)code * parameters[from.Name + ".scale"].Value[0]);
            }
            else
            {
                from.Read(0, expected);
            }

            Assert.Equal(expected, parameter.Value.Span.ToArray());
        }
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

    [Fact]
    public void TorchRecs_cross_network_gives_our_scores()
    {
        Python.Require("torch");
        using var engine = new Engine(1);
        using DlrmModel model = Train(engine, "dcn", "sgd");
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

        // DLRM_DCN's forward pass: all features side by side, then torchrec.modules.crossnet.LowRankCrossNet.
        string output = Python.Run(
            "import sys, torch\n"
            + "d = torch.load(sys.argv[1], weights_only=True)\n"
            + "l = torch.nn.functional.linear\n"
            + "x = torch.arange(5).float().reshape(1, 5) / 5\n"
            + "for i in range(2): x = l(x, d['model.dense_arch.model._mlp.%d._linear.weight' % i], d['model.dense_arch.model._mlp.%d._linear.bias' % i]).relu()\n"
            + "x = x0 = torch.cat([x] + [d['model.sparse_arch.embedding_bag_collection.embedding_bags.t_cat_%d.weight' % i][:1] for i in range(5)], 1)\n"
            + "c = 'model.inter_arch.crossnet.'\n"
            + "for i in range(sum(k.startswith(c + 'bias') for k in d)): x = x0 * l(l(x, d[c + 'V_kernels.%d' % i]), d[c + 'W_kernels.%d' % i], d[c + 'bias.%d' % i]) + x\n"
            + "for i in range(2): x = l(x, d['model.over_arch.model.0._mlp.%d._linear.weight' % i], d['model.over_arch.model.0._mlp.%d._linear.bias' % i]).relu()\n"
            + "print(torch.sigmoid(l(x, d['model.over_arch.model.1.weight'], d['model.over_arch.model.1.bias'])).item())",
            file.Path);

        Assert.Equal(double.Parse(output, CultureInfo.InvariantCulture), model.Predict(batch)[0], 1e-6);
    }

    [Theory]
    [InlineData("md", "dot", "tables other than full")]
    [InlineData("full", "cat", "interaction cat")]
    [InlineData("batch-gelu", "dot", "--activation or --normalization")]
    public void TorchRec_has_no_such_model(string tables, string interaction, string says)
    {
        using var engine = new Engine(1);
        DlrmConfig config = tables == "batch-gelu" ? Normalized(tables)
            : (tables == "full" ? ModelFixture.Config() : ModelFixture.Compressed(tables)) with { Interaction = interaction };
        using DlrmModel model = Create(engine, config, "sgd");

        ArgumentException refused = Assert.Throws<ArgumentException>(() => TorchModelWriter.WriteTorchRec("never.pt", Contents(model, "sgd")));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    private static DlrmModel Create(Engine engine, DlrmConfig config, string optimizer) => optimizer == "momentum"
        ? new DlrmModel(config, engine, "sgd", new OptimizerOptions { Momentum = 0.9f })
        : new DlrmModel(config, engine, optimizer);

    private static DlrmConfig Normalized(string kind) => ModelFixture.Config() with
    {
        Tower = new TowerOptions
        {
            Normalization = kind[..5],
            Activation = kind.Length > 5 ? kind[6..] : "tanh",
            Dropout = kind.Length > 5 ? 0.25f : 0,
        },
    };

    private static DlrmModel Train(Engine engine, string tables, string optimizer)
    {
        DlrmConfig config = tables.StartsWith("batch", StringComparison.Ordinal) || tables == "layer" ? Normalized(tables)
            : tables is "full" or "dcn" ? ModelFixture.Config(tables == "dcn" ? "dcn" : "dot") : ModelFixture.Compressed(tables);
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
