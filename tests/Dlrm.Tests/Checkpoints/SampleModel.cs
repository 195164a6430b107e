using Dlrm.Checkpoints;
using Dlrm.Layers;

namespace Dlrm.Tests.Checkpoints;

/// <summary>A few parameters with recognisable values.</summary>
internal sealed class SampleModel : IDisposable
{
    public const string Config = """{"arch_mlp_bot":[2,3]}""";

    public SampleModel(float first)
    {
        Parameters =
        [
            new Parameter("emb_l.0.weight", [5, 2], dense: false),
            new Parameter("emb_l.1.weight", [3, 2], dense: false),
            new Parameter("bot_l.0.weight", [3, 2], dense: true),
            new Parameter("bot_l.0.bias", [3], dense: true),
        ];
        float value = first;
        foreach (Parameter parameter in Parameters)
        {
            foreach (ref float element in parameter.Value.Span)
            {
                element = value++;
            }
        }
    }

    public Parameter[] Parameters { get; }

    public ModelContents Contents => new()
    {
        ConfigJson = Config,
        Tensors = [.. Parameters.Select(TensorSource.Of)],
        StateJson = """{"step":7}""",
    };

    public float[][] Values => [.. Parameters.Select(parameter => parameter.Value.Span.ToArray())];

    /// <summary>Opens a folder and says which model it holds, by its first value.</summary>
    public static float FirstValueOf(string path)
    {
        using var folder = ModelFolder.Open(path);
        using var read = new SampleModel(0);
        folder.ReadAll(read.Parameters);
        return read.Values[0][0];
    }

    public void Dispose()
    {
        foreach (Parameter parameter in Parameters)
        {
            parameter.Dispose();
        }
    }
}
