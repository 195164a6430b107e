using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>What a fully connected layer needs to compute in bytes: its weights packed, their scale, working memory.</summary>
internal sealed class Int8Layer : IDisposable
{
    private const float LeastScale = 1.1920929e-7f; // PyTorch's: a matrix of zeros needs some scale

    private readonly Int8Kernel _kernel;
    private readonly Int8Weights _packed;
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly bool _relu;
    private readonly NativeBuffer<byte> _scratch;

    /// <summary>For a layer whose weight is kept in signed bytes.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out).</param>
    /// <param name="relu">Whether negative outputs become 0.</param>
    public Int8Layer(Engine engine, Parameter weight, Parameter bias, bool relu)
    {
        _kernel = Int8Kernel.For(engine.InstructionSet);
        _weight = weight;
        _bias = bias;
        _relu = relu;
        _packed = new Int8Weights(weight.Shape[0], weight.Shape[1]);
        _scratch = new NativeBuffer<byte>(engine.Team.Workers * Int8LayerWork.ScratchBytes(weight.Shape[1]));
        Scale = new Parameter(weight.Name + ".scale", [1], dense: false);
    }

    /// <summary>What a step of the weights is worth, (1), <c>NAME.weight.scale</c>.</summary>
    public Parameter Scale { get; }

    /// <summary>Sets signed bytes and scale as PyTorch does: symmetric, the largest magnitude at 127.5 steps.</summary>
    /// <param name="values">(out, in).</param>
    /// <param name="bytes">As many, out.</param>
    /// <returns>The scale.</returns>
    public static float Quantize(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        float scale = Math.Max(largest / 127.5f, LeastScale);
        float inverse = 1 / scale;
        for (int i = 0; i < values.Length; i++)
        {
            float rounded = MathF.Round(values[i] * inverse, MidpointRounding.ToEven);
            bytes[i] = (byte)(sbyte)Math.Clamp(rounded, -128f, 127f);
        }

        return scale;
    }

    /// <summary>Packs the weights, after they were written.</summary>
    public void Pack() => _packed.Pack(_weight.Packed);

    /// <summary>The work of a batch.</summary>
    /// <param name="input">(B, in).</param>
    /// <param name="output">(B, out), written.</param>
    public Int8LayerWork Forward(PanelMatrix input, PanelMatrix output) => new()
    {
        Kernel = _kernel,
        Input = input,
        Weights = _packed,
        WeightScale = Scale.Value[0],
        Bias = _bias.Value,
        Relu = _relu,
        Output = output,
        Scratch = _scratch,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        Scale.Dispose();
        _packed.Dispose();
        _scratch.Dispose();
    }
}
