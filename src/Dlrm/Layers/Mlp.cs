using System.Globalization;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>
/// A tower: fully connected layers with rectifiers between them, as DLRM's bottom and top.
/// </summary>
/// <remarks>
/// <para>
/// Letters: B samples; n[0] … n[L] widths, input first. Layer i computes Y = X · Wᵀ + b with W (n[i + 1], n[i]), then
/// max(0, Y), except that the last layer of a tower with logit output has no rectifier.
/// </para>
/// <para>
/// Bits: every element of a product is acc = 0, then acc = fma(x[k], w[k], acc) for k ascending, then + b. In gradients
/// of parameters k is the sample. So results do not depend on threads, on the instruction set, or on how a batch is
/// blocked; and the scores of a sample do not depend on the batch it came in.
/// </para>
/// <para>
/// Packed copies of the weights are made when they pay and kept until <see cref="ParametersChanged"/>. Activations stay
/// in native memory that grows to the largest batch seen; a step allocates nothing.
/// </para>
/// </remarks>
public sealed partial class Mlp : IDisposable
{
    /// <summary>Multiply-adds of a matrix product in the time of one with a single column, about.</summary>
    private const long DotCost = 8;

    private readonly Engine _engine;
    private readonly bool _training;
    private readonly Linear[] _layers;
    private readonly HiddenStage?[]? _stages; // What stands behind each layer; null without options.
    private readonly PanelBuffer[] _activations; // [i] is the input of layer i, (B, n[i]); two in turns in inference.
    private readonly PanelBuffer[] _gradients = [new(), new()]; // dY of the layer at hand and dX, in turns.
    private readonly long _weights; // Elements of all weight matrices.
    private int _capacity;
    private bool _isFresh = true; // No pass has seen the present parameters.

    /// <summary>A tower with zeroed parameters.</summary>
    /// <param name="engine">What to compute with; it outlives the tower.</param>
    /// <param name="prefix">Layer i's parameters are called prefix.2i.weight and prefix.2i.bias.</param>
    /// <param name="widths">n[0] … n[L]: two or more, each 1 or more.</param>
    /// <param name="logitOutput">True to leave out the last rectifier.</param>
    /// <param name="training">True to keep what the way back needs.</param>
    /// <param name="storage">How weights are kept: single precision, or for prediction half precision or signed bytes.</param>
    /// <param name="options">What stands between the layers; null for rectifiers.</param>
    /// <param name="stream">Of the first layer's random draws; further layers take the numbers after it.</param>
    /// <exception cref="ArgumentException">Fewer than two widths, or one below 1.</exception>
    public Mlp(
        Engine engine,
        string prefix,
        ReadOnlySpan<int> widths,
        bool logitOutput,
        bool training,
        StorageFormat storage = StorageFormat.Float32,
        TowerOptions? options = null,
        long stream = 0)
    {
        if (widths.Length < 2 || widths.ContainsAnyInRange(int.MinValue, 0))
        {
            throw new ArgumentException(
                $"A tower has two or more widths, each 1 or more; got {string.Join('-', widths.ToArray())}.", nameof(widths));
        }

        _engine = engine;
        _training = training;
        _layers = new Linear[widths.Length - 1];
        _activations = new PanelBuffer[_layers.Length];
        _stages = options is null || options.IsDefault ? null : new HiddenStage?[_layers.Length];
        var parameters = new List<Parameter>();
        var linear = new List<Parameter>();
        var buffers = new List<Parameter>();
        var kernel = GemmKernel.For(engine.InstructionSet);
        for (int i = 0; i < _layers.Length; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{prefix}.{2 * i}");
            bool isLast = i == _layers.Length - 1;
            bool relu = !(logitOutput && isLast);
            if (relu && _stages is not null && options!.NeedsStage(isLast))
            {
                _stages[i] = new HiddenStage(engine, name, widths[i + 1], options, isHidden: !isLast, training, stream + i);
            }

            relu &= _stages?[i] is null && (options is null || options.Activation == "relu");
            _layers[i] = new Linear(kernel, name, widths[i], widths[i + 1], relu, training);
            if (storage != StorageFormat.Float32)
            {
                _layers[i].Store(engine, storage);
            }

            _activations[i] = training || i < 2 ? new PanelBuffer() : _activations[i - 2];
            _weights += _layers[i].Weight.Elements;
            linear.AddRange([_layers[i].Weight, _layers[i].Bias!]);
            parameters.Add(_layers[i].Weight);
            if (_layers[i].Int8 is { } int8)
            {
                parameters.Add(int8.Scale);
            }

            parameters.AddRange([_layers[i].Bias!, .. _stages?[i]?.Parameters ?? []]);
            buffers.AddRange(_stages?[i]?.Buffers ?? []);
        }

        Parameters = parameters;
        LinearParameters = linear;
        Buffers = buffers;
    }

    /// <summary>Weight and bias of each layer, and those of its normalization, the first layer's first.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Those of <see cref="Parameters"/> that are layers': weight and bias of each.</summary>
    internal IReadOnlyList<Parameter> LinearParameters { get; }

    /// <summary>Running statistics of batch normalization: saved with the model, touched by no optimizer.</summary>
    internal IReadOnlyList<Parameter> Buffers { get; }

    /// <summary>Told of every gradient as soon as it is complete; null for nobody.</summary>
    internal IGradientSink? GradientSink { get; set; }

    /// <summary>n[0].</summary>
    public int InputWidth => _layers[0].Inputs;

    /// <summary>n[L].</summary>
    public int OutputWidth => _layers[^1].Outputs;

    /// <summary>Makes room for a batch; only a larger one than ever before allocates.</summary>
    /// <param name="batch">B.</param>
    public void Reserve(int batch)
    {
        if (batch <= _capacity)
        {
            return;
        }

        for (int i = 0; i < _layers.Length; i++)
        {
            _activations[i].Reserve(batch, _layers[i].Inputs);
            _stages?[i]?.Reserve(batch);
        }

        if (_training)
        {
            int widest = _layers.Max(layer => layer.Outputs);
            _gradients[0].Reserve(batch, widest);
            _gradients[1].Reserve(batch, widest);
        }

        _capacity = batch;
    }

    /// <summary>Computes the output.</summary>
    /// <param name="input">(B, n[0]), in.</param>
    /// <param name="output">(B, n[L]), out; must not overlap the input.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public void Forward(MatrixView input, MatrixView output) => ForwardPass(input, output, default);

    /// <summary>Computes the output, in training if the pass says so.</summary>
    /// <param name="input">(B, n[0]), in.</param>
    /// <param name="output">(B, n[L]), out; must not overlap the input.</param>
    /// <param name="pass">How; it matters to a tower with options alone.</param>
    internal void ForwardPass(MatrixView input, MatrixView output, in TowerPass pass)
    {
        int batch = input.Rows;
        Check(nameof(input), input, batch, InputWidth);
        Check(nameof(output), output, batch, OutputWidth);
        if (batch == 0)
        {
            return;
        }

        Reserve(batch);
        PackForward(input);
        _engine.Profiler?.EndLayer("packing");
        if (_layers[0].Int8 is not null)
        {
            ForwardInt8(batch, output, pass);
            return;
        }

        for (int i = 0; i < _layers.Length - 1; i++)
        {
            ForwardLayer(i, Activation(i, batch), Activation(i + 1, batch), pass);
            _engine.Profiler?.EndLayer(_layers[i].Weight.Name);
        }

        PanelMatrix lastInput = Activation(_layers.Length - 1, batch);
        if (OutputWidth == 1 && batch >= DotWork.FewestRows && _stages?[^1] is null)
        {
            DotWork work = _layers[^1].ForwardSingle(lastInput, output);
            Run(ref work, work.MultiplyAdds * DotCost);
        }
        else
        {
            ForwardLayer(_layers.Length - 1, lastInput, new PanelMatrix(output), pass);
        }

        _engine.Profiler?.EndLayer(_layers[^1].Weight.Name);
    }

    /// <summary>
    /// Computes the gradients of the parameters, overwriting <see cref="Parameter.Gradient"/>, and that of the input.
    /// </summary>
    /// <param name="input">(B, n[0]), as in the last <see cref="Forward"/>.</param>
    /// <param name="output">(B, n[L]), as the last <see cref="Forward"/> wrote it.</param>
    /// <param name="outputGradient">(B, n[L]): ∂loss/∂output, after the last rectifier if there is one.</param>
    /// <param name="inputGradient">(B, n[0]), out; a matrix without rows if it is not wanted.</param>
    /// <param name="accumulate">Add to the gradients that the parameters hold, as if those samples came before these.</param>
    /// <exception cref="InvalidOperationException">The tower was not made for training.</exception>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public void Backward(
        MatrixView input, MatrixView output, MatrixView outputGradient, MatrixView inputGradient, bool accumulate = false)
    {
        if (!_training)
        {
            throw new InvalidOperationException("This tower was made for inference: it keeps no gradients.");
        }

        int batch = input.Rows;
        bool wantsInput = inputGradient.Rows > 0;
        Check(nameof(input), input, batch, InputWidth);
        Check(nameof(output), output, batch, OutputWidth);
        Check(nameof(outputGradient), outputGradient, batch, OutputWidth);
        if (wantsInput)
        {
            Check(nameof(inputGradient), inputGradient, batch, InputWidth);
        }

        if (batch == 0)
        {
            foreach (Parameter parameter in Parameters)
            {
                if (!accumulate)
                {
                    parameter.Gradient!.Span.Clear();
                }
            }

            for (int i = _layers.Length - 1; i >= 0; i--)
            {
                Completed(i);
            }

            return;
        }

        Linear last = _layers[^1];
        PanelMatrix dy = _gradients[0].Matrix(batch, last.Outputs);
        PackBackward(output, outputGradient, dy);
        _engine.Profiler?.EndLayer("packing");
        if (_stages?[^1] is { } lastStage)
        {
            lastStage.BeginBackward(dy);
            lastStage.ApplyAlone();
        }

        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            PanelMatrix dx = i > 0 ? _gradients[(_layers.Length - i) % 2].Matrix(batch, _layers[i].Inputs)
                : new PanelMatrix(inputGradient);
            LinearBackwardWork work = _layers[i].Backward(
                Activation(i, batch), dy, dx, rectified: i > 0 && _layers[i - 1].Relu, accumulate);
            HiddenStage? below = i > 0 ? _stages?[i - 1] : null;
            if (below is not null)
            {
                below.BeginBackward(dx);
                work.InputGradient = work.InputGradient.Then(below.Epilogue);
            }

            Run(ref work, work.MultiplyAdds);
            below?.NormalizeBackward(accumulate);
            Completed(i);
            _engine.Profiler?.EndLayer(_layers[i].Weight.Name);
            dy = dx;
        }
    }

    /// <summary>Gives normalization its first values; layers get theirs from <see cref="Model.ParameterInitializer"/>.</summary>
    internal void InitializeNormalization()
    {
        foreach (HiddenStage? stage in _stages ?? [])
        {
            stage?.Initialize();
        }
    }

    /// <summary>Says that somebody wrote to the parameters. To be called after every update.</summary>
    public void ParametersChanged()
    {
        foreach (Linear layer in _layers)
        {
            layer.IsForwardPacked = layer.IsBackwardPacked = false;
        }

        _isFresh = true;
    }

    /// <summary>Floating-point operations of <see cref="Forward"/>; a multiply-add counts as two.</summary>
    /// <param name="batch">B.</param>
    public long ForwardFlops(int batch)
    {
        long flops = 0;
        foreach (Linear layer in _layers)
        {
            flops += 2L * batch * layer.Inputs * layer.Outputs;
        }

        return flops;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (Linear layer in _layers)
        {
            layer.Dispose();
        }

        foreach (HiddenStage? stage in _stages ?? [])
        {
            stage?.Dispose();
        }

        foreach (PanelBuffer buffer in _activations)
        {
            buffer.Dispose();
        }

        _gradients[0].Dispose();
        _gradients[1].Dispose();
    }

    /// <summary>The gradients of a layer, and of the normalization below it, are complete.</summary>
    private void Completed(int layer)
    {
        if (GradientSink is { } sink)
        {
            sink.Completed(_layers[layer].Weight);
            sink.Completed(_layers[layer].Bias!);
            if (layer > 0 && _stages?[layer - 1] is { } below)
            {
                for (int number = 0; number < below.Parameters.Count; number++)
                {
                    sink.Completed(below.Parameters[number]);
                }
            }
        }
    }

    private static void Check(string name, MatrixView matrix, int rows, int columns)
    {
        if (matrix.Rows != rows || matrix.Columns != columns)
        {
            throw new ArgumentException($"{name} is {matrix.Rows} × {matrix.Columns}; expected {rows} × {columns}.", name);
        }
    }

    private void ForwardLayer(int layer, PanelMatrix x, PanelMatrix y, in TowerPass pass)
    {
        if (_stages?[layer] is not { } stage)
        {
            GemmWork work = _layers[layer].Forward(x, y);
            Run(ref work, work.MultiplyAdds);
            return;
        }

        bool fused = stage.BeginForward(x.Rows, y, pass, out PanelMatrix z);
        GemmWork product = _layers[layer].Forward(x, z);
        if (fused)
        {
            product = product.Then(stage.Epilogue);
        }

        Run(ref product, product.MultiplyAdds);
        if (!fused)
        {
            stage.Normalize();
        }
    }

    private PanelMatrix Activation(int layer, int batch) => _activations[layer].Matrix(batch, _layers[layer].Inputs);

    private void Run<TWork>(ref TWork work, long size)
        where TWork : struct, IParallelWork
        => SizedWork.Run(_engine, ref work, size);
}
