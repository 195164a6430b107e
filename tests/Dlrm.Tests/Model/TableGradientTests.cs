using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Model;

/// <summary>A step of gradient descent moves every parameter by the slope that central differences measure.</summary>
public sealed class TableGradientTests
{
    private const float Rate = 1f / 64;
    private const float Step = 1f / 256;

    [Theory]
    [InlineData("qr-mult")]
    [InlineData("qr-add")]
    [InlineData("qr-concat")]
    [InlineData("md")]
    [InlineData("weighted")]
    [InlineData("mean")]
    [InlineData("weighted+mean")]
    [InlineData("qr-mult+weighted")]
    [InlineData("qr-add+weighted+mean")]
    [InlineData("qr-concat+weighted")]
    [InlineData("qr-mult+mean")]
    [InlineData("qr-concat+mean")]
    [InlineData("md+weighted")]
    [InlineData("md+weighted+mean")]
    [InlineData("qr-mult+md+weighted+mean")]
    public void Gradients_of_table_parameters_are_central_differences(string tables)
    {
        DlrmConfig config = ModelFixture.Compressed(tables) with { Loss = "mse", Interaction = "cat", TopMlp = [1], TableRows = [9, 12, 3] };
        using var engine = new Engine(1);
        using var model = new DlrmModel(config, engine);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        using var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        ModelFixture.Source(config, random, batchSize: 17).Read(0, batch);
        float[][] before = [.. model.Parameters.Select(parameter => parameter.Value.Span.ToArray())];
        model.TrainStep(batch, Rate);
        float[][] after = [.. model.Parameters.Select(parameter => parameter.Value.Span.ToArray())];
        Restore(model, before);
        int checkedValues = 0;
        for (int number = 0; number < model.Parameters.Count; number++)
        {
            Parameter parameter = model.Parameters[number];
            if (parameter.Name.StartsWith("bot_l", StringComparison.Ordinal) || parameter.Name.StartsWith("top_l", StringComparison.Ordinal))
            {
                continue;
            }

            for (int place = 0; place < before[number].Length; place++)
            {
                double slope = (Loss(model, batch, parameter, place, Step) - Loss(model, batch, parameter, place, -Step)) / (2 * Step);
                double gradient = (before[number][place] - after[number][place]) / Rate;
                Assert.True(
                    Math.Abs(slope - gradient) < 5e-4 + (2e-3 * Math.Abs(slope)),
                    $"{parameter.Name} [{place}]: the step took {gradient}, differences say {slope}.");
                checkedValues++;
            }
        }

        Assert.True(checkedValues > 0);
    }

    private static double Loss(DlrmModel model, Batch batch, Parameter parameter, int place, float change)
    {
        float value = parameter.Value[place];
        parameter.Value[place] = value + change;
        model.ParametersChanged();
        ReadOnlySpan<float> probabilities = model.Predict(batch);
        double loss = 0;
        for (int sample = 0; sample < batch.Size; sample++)
        {
            double error = probabilities[sample] - batch.Labels[sample];
            loss += error * error;
        }

        parameter.Value[place] = value;
        return loss / batch.Size;
    }

    private static void Restore(DlrmModel model, float[][] values)
    {
        for (int number = 0; number < values.Length; number++)
        {
            values[number].CopyTo(model.Parameters[number].Value.Span);
        }

        model.ParametersChanged();
    }
}
