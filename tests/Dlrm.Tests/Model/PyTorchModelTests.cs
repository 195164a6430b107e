using System.Text.Json;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Xunit;

namespace Dlrm.Tests.Model;

/// <summary>Whole models train as plain PyTorch's do: losses, first gradients, parameters after six batches, scores.</summary>
public sealed class PyTorchModelTests
{
    public static TheoryData<string> Names => [.. PyTorchModel.Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_model_trains_as_in_PyTorch(string name)
    {
        JsonElement test = PyTorchModel.Cases[name];
        DlrmConfig config = DlrmConfig.FromJson(test.GetProperty("config").GetRawText());
        int accumulate = test.GetProperty("accumulate").GetInt32();
        float rate = test.GetProperty("rate").GetSingle();
        using var engine = new Engine(2);
        using var model = new DlrmModel(config, engine, test.GetProperty("optimizer").GetString());
        PyTorchModel.Fill(model);
        Dictionary<string, float[]> tables = model.Parameters.Where(parameter => parameter.Gradient is null)
            .ToDictionary(parameter => parameter.Name, parameter => parameter.Value.Span.ToArray());
        for (int number = 0; number < PyTorchModel.Steps; number++)
        {
            using Batch batch = PyTorchModel.Batch(config, number);
            Assert.Equal(test.GetProperty("losses")[number].GetSingle(), model.ForwardLoss(batch), 1e-5f);
            if ((number + 1) % accumulate == 0 || number + 1 == PyTorchModel.Steps)
            {
                model.BackwardAndUpdate(rate);
            }
            else
            {
                model.BackwardAndAccumulate();
            }

            if (number == 0)
            {
                AssertGradients(test, model, tables, rate, accumulate);
            }
        }

        // Adam divides by the root of its second moment, so a gradient's rounding weighs a whole step where it is near 0.
        float tolerance = test.GetProperty("optimizer").GetString() == "adam" ? 1e-4f : 1e-5f;
        foreach (JsonProperty expected in test.GetProperty("end").EnumerateObject())
        {
            AssertClose(expected.Value, Find(model, expected.Name).Value.Span, tolerance, expected.Name);
        }

        using Batch last = PyTorchModel.Batch(config, PyTorchModel.Steps);
        AssertClose(test.GetProperty("scores"), model.Predict(last), tolerance, "scores");
    }

    private static void AssertGradients(
        JsonElement test, DlrmModel model, Dictionary<string, float[]> tables, float rate, int accumulate)
    {
        bool isSgd = test.GetProperty("optimizer").GetString() == "sgd" && accumulate == 1;
        foreach (JsonProperty expected in test.GetProperty("gradients").EnumerateObject())
        {
            Parameter parameter = Find(model, expected.Name);
            if (parameter.Gradient is { } gradient)
            {
                AssertClose(expected.Value, gradient.Span, 1e-5f, expected.Name);
            }
            else if (isSgd)
            {
                float[] moved = [.. tables[expected.Name].Select((before, i) => (before - parameter.Value[i]) / rate)];
                AssertClose(expected.Value, moved, 1e-5f, expected.Name);
            }
        }
    }

    private static Parameter Find(DlrmModel model, string name) => model.Parameters.Single(parameter => parameter.Name == name);

    private static void AssertClose(JsonElement expected, ReadOnlySpan<float> actual, float tolerance, string what)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Length);
        for (int place = 0; place < actual.Length; place++)
        {
            float value = expected[place].GetSingle();
            Assert.True(
                Math.Abs(value - actual[place]) <= tolerance * Math.Max(1, Math.Abs(value)),
                $"{what} [{place}] is {actual[place]}; PyTorch has {value}.");
        }
    }
}
