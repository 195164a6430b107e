using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <summary>
/// A fully connected layer: Y = X · Wᵀ + b, with or without the rectifier, and its gradients.
/// </summary>
/// <remarks>
/// It owns the parameters and packed copies of the weights: Wᵀ for the way forward, W for the way back. The copies are
/// made by <see cref="PackForward"/> and <see cref="PackBackward"/>; <see cref="Mlp"/> says when. Without them the
/// weights are used as they are, which is as good where they are used once. Activations are packed matrices (B, in) and
/// (B, out).
/// </remarks>
internal sealed class Linear : IDisposable
{
    private readonly GemmKernel _kernel;
    private readonly PanelBuffer _forwardWeights = new();
    private readonly PanelBuffer _backwardWeights = new();
    private readonly PanelBuffer _bias = new();
    private NativeBuffer<float>? _single;

    /// <summary>A layer with zeroed parameters.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="name">Parameters are called name.weight (out, in) and name.bias (out).</param>
    /// <param name="inputs">in.</param>
    /// <param name="outputs">out.</param>
    /// <param name="relu">Whether negative outputs become 0.</param>
    /// <param name="training">Whether gradients are kept.</param>
    public Linear(GemmKernel kernel, string name, int inputs, int outputs, bool relu, bool training)
        : this(
            kernel,
            new Parameter($"{name}.weight", [outputs, inputs], training),
            new Parameter($"{name}.bias", [outputs], training),
            relu)
    {
    }

    /// <summary>A layer of these parameters.</summary>
    /// <param name="kernel">The microkernel.</param>
    /// <param name="weight">(out, in), owned from now on.</param>
    /// <param name="bias">(out), owned from now on; null for a layer without.</param>
    /// <param name="relu">Whether negative outputs become 0.</param>
    public Linear(GemmKernel kernel, Parameter weight, Parameter? bias, bool relu)
    {
        _kernel = kernel;
        Inputs = weight.Shape[1];
        Outputs = weight.Shape[0];
        Relu = relu;
        Weight = weight;
        Bias = bias;
        _bias.Reserve(1, bias is null ? 0 : Outputs);
    }

    /// <summary>in.</summary>
    public int Inputs { get; }

    /// <summary>out.</summary>
    public int Outputs { get; }

    /// <summary>Whether negative outputs become 0.</summary>
    public bool Relu { get; }

    /// <summary>W (out, in).</summary>
    public Parameter Weight { get; }

    /// <summary>b (out), if there is one.</summary>
    public Parameter? Bias { get; }

    /// <summary>Whether the packed Wᵀ is that of the parameters.</summary>
    public bool IsForwardPacked { get; set; }

    /// <summary>Whether the packed W is that of the parameters.</summary>
    public bool IsBackwardPacked { get; set; }

    private MatrixView Weights => MatrixView.Over(SingleWeights, Outputs, Inputs);

    /// <summary>W as floats: where it is kept in half precision, a copy that lives until it is packed.</summary>
    private NativeBuffer<float> SingleWeights => _single ?? Weight.Value;

    /// <summary>What computes where the weights are kept in signed bytes; else null.</summary>
    public Int8Layer? Int8 { get; private set; }

    /// <summary>Chooses how the weights are kept, before they have values; for layers that only predict.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="format">Single or half precision, or signed bytes.</param>
    public void Store(Engine engine, StorageFormat format)
    {
        Weight.Store(format);
        Int8 = format == StorageFormat.Int8 ? new Int8Layer(engine, Weight, Bias!, Relu) : null;
    }

    /// <summary>Packs b: little, so one thread does it.</summary>
    public void PackBias()
    {
        if (Bias is not null)
        {
            Packing.Copy(MatrixView.Over(Bias.Value, 1, Outputs), _bias.Matrix(1, Outputs), 0, 1);
        }
    }

    /// <summary>Makes room for Wᵀ packed.</summary>
    public void ReserveForward()
    {
        _forwardWeights.Reserve(Inputs, Outputs);
        if (Weight.Storage == StorageFormat.Float16)
        {
            _single ??= new NativeBuffer<float>(Weight.Elements);
            Weight.Read(0, _single.Span);
        }
    }

    /// <summary>To be called when Wᵀ is packed: a copy of W as floats is needed no more, but by layers with one output.</summary>
    public void ForwardPacked()
    {
        IsForwardPacked = true;
        if (Outputs > 1)
        {
            _single?.Dispose();
            _single = null;
        }
    }

    /// <summary>Makes room for W packed.</summary>
    public void ReserveBackward() => _backwardWeights.Reserve(Outputs, Inputs);

    /// <summary>A worker's share of packing Wᵀ.</summary>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    public void PackForward(int worker, int workers) =>
        Packing.Transpose(_kernel, Weights, _forwardWeights.Matrix(Inputs, Outputs), worker, workers);

    /// <summary>A worker's share of packing W.</summary>
    /// <param name="worker">Worker number.</param>
    /// <param name="workers">Workers.</param>
    public void PackBackward(int worker, int workers) =>
        Packing.Copy(Weights, _backwardWeights.Matrix(Outputs, Inputs), worker, workers);

    /// <summary>Y from X.</summary>
    /// <param name="x">(B, in), packed.</param>
    /// <param name="y">(B, out), written.</param>
    public GemmWork Forward(PanelMatrix x, PanelMatrix y)
    {
        PanelMatrix bias = Bias is null ? default : _bias.Matrix(1, Outputs);
        return IsForwardPacked
            ? GemmWork.Forward(_kernel, x, _forwardWeights.Matrix(Inputs, Outputs), bias, Relu, y)
            : GemmWork.Forward(_kernel, x, Weights, bias, Relu, y);
    }

    /// <summary>Y from X for a layer with one output.</summary>
    /// <param name="x">(B, in), packed.</param>
    /// <param name="y">(B, 1), written.</param>
    public DotWork ForwardSingle(PanelMatrix x, MatrixView y) => new(_kernel, x, SingleWeights, Bias!.Value, Relu, y);

    /// <summary>The gradients of the parameters, and that of X if wanted.</summary>
    /// <param name="x">(B, in), packed.</param>
    /// <param name="dy">(B, out), packed: the gradient before the rectifier.</param>
    /// <param name="dx">(B, in), written; a matrix without rows if not wanted.</param>
    /// <param name="rectified">True when X is the output of a rectifier, whose gradient dX then is taken through.</param>
    /// <param name="accumulate">Add to the parameters' gradients instead of overwriting them.</param>
    public LinearBackwardWork Backward(PanelMatrix x, PanelMatrix dy, PanelMatrix dx, bool rectified, bool accumulate)
    {
        PanelMatrix weights = IsBackwardPacked ? _backwardWeights.Matrix(Outputs, Inputs) : new PanelMatrix(Weights);
        return new LinearBackwardWork
        {
            HasInputGradient = dx.Rows > 0,
            InputGradient = GemmWork.InputGradient(_kernel, dy, weights, rectified ? x : default, dx),
            WeightGradient = GemmWork.WeightGradient(
                _kernel,
                dy,
                x,
                new PanelMatrix(MatrixView.Over(Weight.Gradient!, Outputs, Inputs)),
                Bias?.Gradient,
                accumulate),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weight.Dispose();
        Bias?.Dispose();
        Int8?.Dispose();
        _single?.Dispose();
        _forwardWeights.Dispose();
        _backwardWeights.Dispose();
        _bias.Dispose();
    }
}
