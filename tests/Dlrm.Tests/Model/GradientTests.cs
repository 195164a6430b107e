using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Model;

/// <summary>
/// Every parameter's gradient through the whole model (towers, tables, interaction, loss) is the central difference of a
/// double-precision twin. With plain SGD at rate 1 the gradient is the parameter before the step less the one after.
/// </summary>
public sealed class GradientTests
{
    private const double Step = 1e-5;

    public static TheoryData<string, bool, string> Kinds => new()
    {
        { "dot", false, "bce" },
        { "dot", true, "mse" },
        { "dot-dense", false, "wbce" },
        { "cat", false, "bce" },
        { "sum", false, "mse" },
        { "dcn", false, "bce" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_gradient_is_the_central_difference_in_double_precision(string interaction, bool itself, string loss)
    {
        DlrmConfig config = new()
        {
            TableRows = [7, 1, 12],
            EmbeddingDimension = 3,
            BottomMlp = [4, 6, 3],
            TopMlp = [5, 1],
            Interaction = interaction,
            InteractionItself = itself,
            Cross = interaction == "dcn" ? new CrossOptions { Layers = 2, Rank = 4 } : null,
            Loss = loss,
            LossWeights = [1, 2.5],
        };
        using var engine = new Engine(2);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(11);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random, batchSize: 9).Read(0, batch);
        DoubleModel twin = DoubleModel.Of(model);
        Assert.Equal(twin.Loss(batch), model.TrainStep(batch, learningRate: 1), 1e-6);
        foreach (Parameter parameter in model.Parameters)
        {
            double[] before = twin.Parameters[parameter.Name];
            for (int index = 0; index < before.Length; index++)
            {
                double expected = CentralDifference(twin, batch, before, index);
                Assert.Equal(expected, before[index] - parameter.Value[index], 2e-6);
            }
        }
    }

    private static double CentralDifference(DoubleModel twin, Batch batch, double[] values, int index)
    {
        double value = values[index];
        values[index] = value + Step;
        double above = twin.Loss(batch);
        values[index] = value - Step;
        double below = twin.Loss(batch);
        values[index] = value;
        return (above - below) / (2 * Step);
    }
}
