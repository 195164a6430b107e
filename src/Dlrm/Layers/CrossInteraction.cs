using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Random;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>
/// The low-rank cross network of DCN V2 (Wang et al. 2020, arXiv 2008.13535) over all features side by side, as the
/// interaction of the MLPerf DLRM-DCNv2 model: W = F·D.
/// </summary>
/// <remarks>
/// <code>
/// N = F·D, r rank, l = 0 … L−1;   x₀ (B, N) the features
/// u (B, r) = x_l · V_lᵀ            V (r, N)  inter.V_kernels.l
/// v (B, N) = u · W_lᵀ + b_l        W (N, r)  inter.W_kernels.l,  b (N)  inter.bias.l
/// x_{l+1} = x₀ ⊙ v + x_l
/// </code>
/// <para>
/// Backward, g = ∂loss/∂x_{l+1}: dv = g ⊙ x₀, s += g ⊙ v; dW = dvᵀ · u, db = Σ dv, du = dv · W; dV = duᵀ · x_l, and
/// g of the layer below is g + du · V; at the end dx₀ = g + s.
/// </para>
/// <para>
/// The products are <see cref="GemmKernel"/>'s, in its order; what is elementwise is done to each part of a product while
/// it is near (<see cref="CrossKernel"/>). Names are those of torchrec's LowRankCrossNet under <c>inter</c>.
/// </para>
/// </remarks>
public sealed class CrossInteraction : Interaction
{
    private readonly int _rank;
    private readonly int _layerCount;
    private readonly PanelBuffer[] _gradients = [new(), new(), new(), new()]; // g, dv and du · V, s, du
    private readonly PanelBuffer _running = new(); // x of the layer at hand in inference, where none is kept
    private Parameter[] _parameters = [];
    private CrossLayer[] _layers = [];
    private Linear[] _linears = [];
    private CrossKernel? _kernel;
    private Engine? _engine;
    private bool _training;
    private int _capacity;
    private bool _isForwardPacked;
    private bool _isBackwardPacked;
    private bool _isFresh = true;

    /// <summary>An interaction without memory: see <see cref="Allocate"/>.</summary>
    /// <param name="features">F.</param>
    /// <param name="dimension">D.</param>
    /// <param name="layers">L, 1 or more (<c>--dcn-num-layers</c>).</param>
    /// <param name="rank">r, 1 or more (<c>--dcn-low-rank-dim</c>).</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small.</exception>
    public CrossInteraction(int features, int dimension, int layers, int rank)
        : base("dcn", features, dimension, checked(features * dimension))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        _layerCount = layers;
        _rank = rank;
    }

    /// <summary>L.</summary>
    public int Layers => _layerCount;

    /// <summary>r.</summary>
    public int Rank => _rank;

    /// <summary>W, V and b of each layer, the first layer's first.</summary>
    public override IReadOnlyList<Parameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override long ParameterCount => _layerCount * ((2L * Width * _rank) + Width);

    /// <inheritdoc/>
    public override long FlopsPerSample => _layerCount * 4L * Width * _rank;

    /// <inheritdoc/>
    public override long FloatsPerSample(bool training) => training
        ? (((2L * _layerCount) + 3) * Width) + ((_layerCount + 1L) * _rank)
        : (3L * Width) + _rank;

    /// <inheritdoc/>
    public override void Allocate(Engine engine, bool training)
    {
        if (_layers.Length > 0)
        {
            throw new InvalidOperationException("The parameters of this interaction exist already.");
        }

        _engine = engine;
        _training = training;
        _kernel = CrossKernel.Create(engine.InstructionSet);
        var gemm = GemmKernel.For(engine.InstructionSet);
        _layers = [.. Enumerable.Range(0, _layerCount).Select(l => new CrossLayer(gemm, l, Width, _rank, training))];
        _linears = [.. _layers.SelectMany(layer => new[] { layer.Down, layer.Up })];
        _parameters = [.. _layers.SelectMany(layer => new[] { layer.Up.Weight, layer.Down.Weight, layer.Up.Bias! })];
    }

    /// <inheritdoc/>
    /// <remarks>
    /// As torchrec's: W and V normal with variance 2 / (N + r) (Xavier), b zero. Each layer's W, then its V, in double
    /// precision, then rounded.
    /// </remarks>
    public override void Initialize(NumpyRandom random)
    {
        double deviation = Math.Sqrt(2.0 / ((long)Width + _rank));
        foreach (CrossLayer layer in _layers)
        {
            random.FillNormal(layer.Up.Weight.Value.Span, 0, deviation);
            random.FillNormal(layer.Down.Weight.Value.Span, 0, deviation);
            layer.Up.Bias!.Value.Span.Clear();
        }
    }

    /// <inheritdoc/>
    public override void ParametersChanged()
    {
        _isFresh = true;
        _isForwardPacked = _isBackwardPacked = false;
        foreach (Linear linear in _linears)
        {
            linear.IsForwardPacked = linear.IsBackwardPacked = false;
        }
    }

    /// <inheritdoc/>
    public override void Reserve(int batch)
    {
        if (batch <= _capacity)
        {
            return;
        }

        for (int l = 0; l < _layers.Length; l++)
        {
            if (_training || l == 0)
            {
                _layers[l].Input.Reserve(batch, Width);
                _layers[l].Narrow.Reserve(batch, _rank);
                _layers[l].Factor.Reserve(batch, Width);
            }
        }

        if (_training)
        {
            _gradients[0].Reserve(batch, Width);
            _gradients[1].Reserve(batch, Width);
            _gradients[2].Reserve(batch, Width);
            _gradients[3].Reserve(batch, _rank);
        }
        else
        {
            _running.Reserve(batch, Width);
        }

        _capacity = batch;
    }

    /// <inheritdoc/>
    public override void Forward(Engine engine, MatrixView features, MatrixView output)
    {
        RequireShapes(features, output);
        CrossKernel kernel = RequireKernel();
        int batch = features.Rows;
        Reserve(batch);
        PackForward(features);
        PanelMatrix first = _layers[0].Input.Matrix(batch, Width);
        kernel.Step = CrossStep.Forward;
        kernel.First = first;
        PanelMatrix x = first;
        for (int l = 0; l < _layers.Length; l++)
        {
            CrossLayer kept = _layers[_training ? l : 0];
            PanelMatrix u = kept.Narrow.Matrix(batch, _rank);
            PanelMatrix v = kept.Factor.Matrix(batch, Width);
            PanelMatrix next = l == _layers.Length - 1 ? new PanelMatrix(output)
                : _training ? _layers[l + 1].Input.Matrix(batch, Width)
                : _running.Matrix(batch, Width);
            GemmWork down = _layers[l].Down.Forward(x, u);
            SizedWork.Run(engine, ref down, down.MultiplyAdds);

            kernel.Product = v;
            kernel.Input = x;
            kernel.Output = next;
            GemmWork up = _layers[l].Up.Forward(u, v).Then(kernel);
            SizedWork.Run(engine, ref up, up.MultiplyAdds);
            x = next;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The parameters were made without gradients.</exception>
    public override void Backward(Engine engine, MatrixView features, MatrixView outputGradient, MatrixView featureGradient)
    {
        RequireShapes(featureGradient, outputGradient);
        CrossKernel kernel = RequireKernel();
        if (!_training)
        {
            throw new InvalidOperationException("This cross network was made for inference: it keeps no gradients.");
        }

        int batch = outputGradient.Rows;
        PanelMatrix dv = _gradients[1].Matrix(batch, Width);
        PanelMatrix du = _gradients[3].Matrix(batch, _rank);
        kernel.First = _layers[0].Input.Matrix(batch, Width);
        kernel.Gradient = _gradients[0].Matrix(batch, Width);
        kernel.Sum = _gradients[2].Matrix(batch, Width);
        kernel.Product = dv;
        PackBackward(outputGradient);
        Start(batch, dv);
        for (int l = _layers.Length - 1; l >= 0; l--)
        {
            CrossLayer layer = _layers[l];
            LinearBackwardWork up = layer.Up.Backward(
                layer.Narrow.Matrix(batch, _rank), dv, du, rectified: false, AccumulatesGradients);
            SizedWork.Run(engine, ref up, up.MultiplyAdds);

            kernel.Step = l > 0 ? CrossStep.Between : CrossStep.End;
            kernel.Input = l > 0 ? _layers[l - 1].Factor.Matrix(batch, Width) : default;
            kernel.Output = l > 0 ? dv : new PanelMatrix(featureGradient);
            LinearBackwardWork down = layer.Down.Backward(
                layer.Input.Matrix(batch, Width), du, dv, rectified: false, AccumulatesGradients);
            down.InputGradient = down.InputGradient.Then(kernel);
            SizedWork.Run(engine, ref down, down.MultiplyAdds);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (CrossLayer layer in _layers)
        {
            layer.Dispose();
        }

        foreach (PanelBuffer buffer in _gradients)
        {
            buffer.Dispose();
        }

        _running.Dispose();
    }

    private CrossKernel RequireKernel() => _kernel
        ?? throw new InvalidOperationException("A cross network needs its parameters first: call Allocate.");

    private void Start(int batch, PanelMatrix dv)
    {
        CrossKernel kernel = _kernel!;
        kernel.Step = CrossStep.Start;
        kernel.Input = _layers[^1].Factor.Matrix(batch, Width);
        kernel.Output = dv;
        var work = new StartWork(kernel, batch, Width);
        SizedWork.Run(_engine!, ref work, SizedWork.CopyCost * batch * Width);
    }

    /// <summary>Packs the features, and the weights unless a small batch of a changing model uses them once.</summary>
    private void PackForward(MatrixView features)
    {
        bool pack = !_isForwardPacked && !(_isFresh && _training && features.Rows <= GemmWork.RowBlock);
        foreach (Linear linear in _isFresh ? _linears : [])
        {
            linear.PackBias();
        }

        foreach (Linear linear in pack ? _linears : [])
        {
            linear.ReserveForward();
        }

        _isFresh = false;
        var work = new ForwardPackWork
        {
            Layers = pack ? _linears : [],
            Input = features,
            Target = _layers[0].Input.Matrix(features.Rows, Width),
        };
        SizedWork.Run(_engine!, ref work, SizedWork.CopyCost * (((long)features.Rows * Width) + (pack ? ParameterCount : 0)));
        foreach (Linear linear in pack ? _linears : [])
        {
            linear.IsForwardPacked = true;
        }

        _isForwardPacked |= pack;
    }

    /// <summary>Packs the gradient that comes in, and the weights as <see cref="Mlp"/> does.</summary>
    private void PackBackward(MatrixView outputGradient)
    {
        bool pack = !_isBackwardPacked && outputGradient.Rows > GemmWork.RowBlock;
        foreach (Linear linear in pack ? _linears : [])
        {
            linear.ReserveBackward();
        }

        var work = new BackwardPackWork
        {
            Layers = pack ? _linears : [],
            OutputGradient = outputGradient,
            Target = _gradients[0].Matrix(outputGradient.Rows, Width),
        };
        SizedWork.Run(
            _engine!, ref work, SizedWork.CopyCost * (((long)outputGradient.Rows * Width) + (pack ? ParameterCount : 0)));
        foreach (Linear linear in pack ? _linears : [])
        {
            linear.IsBackwardPacked = true;
        }

        _isBackwardPacked |= pack;
    }

    /// <summary>The elementwise start of the way back, divided by rows.</summary>
    private readonly record struct StartWork(CrossKernel Kernel, int Batch, int Width) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Batch, worker, workers);
            for (int column = 0; column < Width && start < end; column += PanelMatrix.Width)
            {
                Kernel.Apply(column / PanelMatrix.Width, start, end - start, Math.Min(PanelMatrix.Width, Width - column));
            }
        }
    }
}
