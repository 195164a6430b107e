using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Checkpoints;
using Xunit;

namespace Dlrm.Tests.Model;

public sealed class TowerOptionTests
{
    [Fact]
    public void Options_at_their_defaults_change_no_bit()
    {
        DlrmConfig config = ModelFixture.Config();
        DlrmConfig same = config with { Tower = new TowerOptions() };
        Assert.Equal(
            ModelFixture.Train(config, 2, Dlrm.Kernels.InstructionSets.Choose()),
            ModelFixture.Train(same, 2, Dlrm.Kernels.InstructionSets.Choose()));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("batch")]
    [InlineData("layer")]
    public void Dropout_and_batch_statistics_are_for_training_alone(string normalization)
    {
        DlrmConfig config = ModelFixture.Config() with { Tower = new TowerOptions { Dropout = 0.5f, Normalization = normalization } };
        using var engine = new Engine(2);
        using var model = new DlrmModel(config, engine);
        model.Initialize(new NumpyRandom(5));
        using Batch batch = PyTorchModel.Batch(config, 0, 33);
        using Batch one = PyTorchModel.Batch(config, 0, 1);
        model.TrainStep(batch, 0.1f);
        float[] scores = model.Predict(batch).ToArray();
        model.EvaluateLoss(batch);
        Assert.Equal(scores, model.Probabilities.ToArray());
        model.ForwardLoss(batch);
        Assert.NotEqual(scores, model.Probabilities.ToArray());
        Assert.Equal(scores, model.Predict(batch).ToArray());

        // A sample's score does not depend on its batch: the dense features and bags of sample 0 are the same in both.
        batch.Dense[..5].CopyTo(one.Dense);
        for (int table = 0; table < one.Tables; table++)
        {
            one.Offsets(table)[1] = batch.Offsets(table)[1];
            batch.Indices(table)[..one.Offsets(table)[1]].CopyTo(one.ReserveIndices(table, one.Offsets(table)[1]));
        }

        Assert.Equal(scores[0], model.Predict(one)[0]);
    }

    [Fact]
    public void Dropout_is_exact_after_resuming_and_differs_from_step_to_step()
    {
        DlrmConfig config = ModelFixture.Config() with { Tower = new TowerOptions { Dropout = 0.5f, Normalization = "batch" } };
        using var engine = new Engine(2);
        using var whole = new DlrmModel(config, engine) { RandomSeed = 77 };
        using var resumed = new DlrmModel(config, engine) { RandomSeed = 77 };
        whole.Initialize(new NumpyRandom(5));
        var losses = new List<float>();
        for (int step = 0; step < 6; step++)
        {
            if (step == 3)
            {
                resumed.StepNumber = whole.StepNumber;
                for (int number = 0; number < whole.Parameters.Count; number++)
                {
                    whole.Parameters[number].Value.Span.CopyTo(resumed.Parameters[number].Value.Span);
                }

                resumed.ParametersChanged();
            }

            using Batch batch = PyTorchModel.Batch(config, step, 20);
            losses.Add(whole.ForwardLoss(batch));
            whole.BackwardAndUpdate(0.1f);
            if (step >= 3)
            {
                Assert.Equal(losses[^1], resumed.TrainStep(batch, 0.1f));
            }
        }

        using Batch same = PyTorchModel.Batch(config, 0, 20);
        float before = whole.ForwardLoss(same);
        Assert.Equal(before, whole.ForwardLoss(same));
        whole.StepNumber++;
        Assert.NotEqual(before, whole.ForwardLoss(same));
        whole.StepNumber--;
        whole.RandomSeed++;
        Assert.NotEqual(before, whole.ForwardLoss(same));
    }

    [Fact]
    public void Dropout_drops_its_share_and_keeps_the_mean()
    {
        // One hidden layer of ones: the logit is the mean of the kept numbers.
        const float Share = 0.3f;
        using var engine = new Engine(2);
        using var tower = new Mlp(
            engine, "t", [1, 1000, 1], logitOutput: true, training: true, options: new TowerOptions { Dropout = Share, Activation = "none" });
        tower.Parameters[1].Value.Span.Fill(1);
        tower.Parameters[2].Value.Span.Fill(0.001f);
        tower.ParametersChanged();
        using var memory = new Dlrm.Memory.NativeBuffer<float>(200);
        Dlrm.Memory.MatrixView input = Dlrm.Memory.MatrixView.Over(memory, 100, 1);
        Dlrm.Memory.MatrixView output = Dlrm.Memory.MatrixView.Over(memory, 100, 1, 100);
        tower.ForwardPass(input, output, new TowerPass(true, 1, 2, 0));
        double[] means = [.. memory.Slice(100, 100).ToArray().Select(value => (double)value)];

        // Of 100,000 numbers, kept ones weigh 1 / (1 − p): standard deviation of the mean √(p / (1 − p) / 100,000) = 0.002.
        Assert.InRange(means.Average(), 0.99, 1.01);
        Assert.True(means.Distinct().Count() > 20);
        tower.Forward(input, output);
        Assert.All(memory.Slice(100, 100).ToArray(), value => Assert.Equal(1, value, 1e-5f));
    }

    [Fact]
    public void Running_statistics_are_saved_with_the_model_and_not_trained()
    {
        DlrmConfig config = ModelFixture.Config() with { Tower = new TowerOptions { Normalization = "batch" } };
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine, "adagrad");
        model.Initialize(new NumpyRandom(5));
        using Batch batch = PyTorchModel.Batch(config, 0, 33);
        model.ForwardLoss(batch);
        Parameter variance = model.Parameters.Single(parameter => parameter.Name == "top_l.2.norm.running_var");
        Assert.All(variance.Value.Span.ToArray(), value => Assert.Equal(1, value)); // A step that is refused changes nothing.
        model.BackwardAndUpdate(0.1f);
        Assert.Contains(variance.Value.Span.ToArray(), value => value != 1);
        Assert.DoesNotContain(model.Optimizer!.Dense.Parameters, parameter => parameter.Name.Contains("running", StringComparison.Ordinal));
        Assert.Equal(
            config.ParameterCount,
            model.Parameters.Where(parameter => !parameter.Name.Contains("running", StringComparison.Ordinal)).Sum(parameter => parameter.Value.Length));

        using var folder = new TemporaryFolder();
        string path = folder.At("m");
        ModelFolder.Save(path, config.ToJson(), model.Parameters);
        using var opened = ModelFolder.Open(path);
        using var read = new DlrmModel(DlrmConfig.FromJson(opened.ConfigJson), engine, optimizer: null);
        opened.ReadAll([.. read.Parameters]);
        read.ParametersChanged();
        Assert.Equal(model.Predict(batch).ToArray(), read.Predict(batch).ToArray());
    }

    [Theory]
    [InlineData("There is no activation 'swish' (--activation); there are relu, gelu, silu, tanh, none.", "swish", "none", 0)]
    [InlineData("There is no normalization 'group' (--normalization); there are none, batch, layer.", "relu", "group", 0)]
    [InlineData("--dropout=1 lies outside [0, 1): it is the share of hidden numbers that training sets to 0.", "relu", "none", 1)]
    public void Options_that_cannot_be_are_refused(string message, string activation, string normalization, float dropout)
    {
        DlrmConfig config = ModelFixture.Config() with
        {
            Tower = new TowerOptions { Activation = activation, Normalization = normalization, Dropout = dropout },
        };
        Assert.Equal(message, Assert.Throws<ArgumentException>(config.Validate).Message);
    }

    [Fact]
    public void Options_survive_the_file()
    {
        DlrmConfig config = ModelFixture.Config("dcn") with { Tower = new TowerOptions { Activation = "silu", Dropout = 0.2f } };
        DlrmConfig read = DlrmConfig.FromJson(config.ToJson());
        Assert.Equal(config.Tower, read.Tower);
        Assert.Equal(config.Cross, read.Cross);
    }
}
