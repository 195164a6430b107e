using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>What stands behind one layer of a tower with options: see <see cref="HiddenKernel"/>.</summary>
/// <remarks>
/// Parameters of normalization are <c>NAME.norm.weight</c> (γ) and <c>.norm.bias</c> (β); batch normalization also has the
/// buffers <c>.norm.running_mean</c> and <c>.norm.running_var</c>, which no optimizer touches: r = fma(0.1, b − r, r) with b
/// the batch's mean and unbiased variance, when the batch's loss goes back.
/// </remarks>
internal sealed class HiddenStage : IDisposable
{
    /// <summary>What a batch weighs in the running statistics, PyTorch's.</summary>
    private const float Momentum = 0.1f;

    private readonly Engine _engine;
    private readonly HiddenKernel _kernel;
    private readonly bool _training;
    private readonly int _width;
    private readonly long _stream;
    private readonly float _dropBelow;
    private readonly NormalizationAxis _axis;
    private readonly PanelBuffer _z = new();
    private readonly NativeBuffer<float> _affine; // γ, β, dγ, dβ
    private readonly NativeBuffer<float> _variances;
    private readonly NativeBuffer<float> _scratch;
    private NativeBuffer<float> _means; // a column's or a row's
    private NativeBuffer<float> _scales;

    /// <summary>A stage.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="name">Of the layer, e.g. <c>bot_l.0</c>.</param>
    /// <param name="width">n.</param>
    /// <param name="options">The tower's.</param>
    /// <param name="isHidden">False for the last layer: the activation alone.</param>
    /// <param name="training">Whether the way back is wanted.</param>
    /// <param name="stream">Of the layer's random draws.</param>
    public HiddenStage(Engine engine, string name, int width, TowerOptions options, bool isHidden, bool training, long stream)
    {
        _engine = engine;
        _training = training;
        _width = width;
        _stream = stream;
        _axis = isHidden ? options.Axis : NormalizationAxis.None;
        _dropBelow = isHidden ? MathF.Round(options.Dropout * (1 << 24)) : 0;
        _kernel = HiddenKernel.Create(engine.InstructionSet);
        _kernel.Activation = options.Kind;
        _kernel.KeptScale = 1 / (1 - options.Dropout);
        int padded = (width + PanelMatrix.Width - 1) / PanelMatrix.Width * PanelMatrix.Width;
        _kernel.AffineStride = padded;
        _affine = new NativeBuffer<float>(_axis == NormalizationAxis.None ? 0 : 4L * padded);
        int columns = _axis == NormalizationAxis.Column ? padded : 0;
        _means = new NativeBuffer<float>(columns);
        _scales = new NativeBuffer<float>(columns);
        _variances = new NativeBuffer<float>(columns);
        _scratch = new NativeBuffer<float>(_axis == NormalizationAxis.Row ? 2L * padded * engine.Team.Workers : 0);
        if (_axis != NormalizationAxis.None)
        {
            Parameters = [new Parameter($"{name}.norm.weight", [width], training), new Parameter($"{name}.norm.bias", [width], training)];
        }

        if (_axis == NormalizationAxis.Column)
        {
            Buffers = [new Parameter($"{name}.norm.running_mean", [width], false), new Parameter($"{name}.norm.running_var", [width], false)];
        }

        Initialize();
    }

    /// <summary>γ and β; empty without normalization.</summary>
    public IReadOnlyList<Parameter> Parameters { get; } = [];

    /// <summary>The running mean and variance of batch normalization; else empty.</summary>
    public IReadOnlyList<Parameter> Buffers { get; } = [];

    /// <summary>Done to each part of the layer's product (forward), and of the next one's input gradient (backward).</summary>
    public TileEpilogue Epilogue => _kernel;

    private int Panels => (_width + PanelMatrix.Width - 1) / PanelMatrix.Width;

    /// <summary>γ = 1, β = 0, running mean 0 and variance 1.</summary>
    public void Initialize()
    {
        foreach (Parameter parameter in Parameters.Concat(Buffers))
        {
            bool isOne = parameter == Parameters[0] || (Buffers.Count > 0 && parameter == Buffers[1]);
            parameter.Value.Span.Fill(isOne ? 1 : 0);
        }
    }

    /// <summary>Makes room for a batch.</summary>
    /// <param name="batch">B.</param>
    public void Reserve(int batch)
    {
        if (_training)
        {
            _z.Reserve(batch, _width);
        }

        if (_axis == NormalizationAxis.Row && batch > _means.Length)
        {
            _means.Dispose();
            _scales.Dispose();
            _means = new NativeBuffer<float>(batch);
            _scales = new NativeBuffer<float>(batch);
        }
    }

    /// <summary>Prepares a forward pass.</summary>
    /// <param name="batch">B.</param>
    /// <param name="target">y (B, n), written.</param>
    /// <param name="pass">How.</param>
    /// <param name="z">What the product is to write.</param>
    /// <returns>True when <see cref="Epilogue"/> does it all; else <see cref="Normalize"/> is to be called after the product.</returns>
    public bool BeginForward(int batch, PanelMatrix target, in TowerPass pass, out PanelMatrix z)
    {
        z = _training ? _z.Matrix(batch, _width) : target;
        HiddenKernel kernel = _kernel;
        kernel.IsBackward = false;
        kernel.Input = z;
        kernel.Output = target;
        kernel.Axis = _axis;
        kernel.DropBelow = pass.IsTraining ? _dropBelow : 0;
        kernel.Key = CounterKey.Of(pass.Seed, pass.Step, _stream);
        kernel.FirstSample = pass.FirstSample;
        if (_axis == NormalizationAxis.None)
        {
            return true;
        }

        kernel.Affine = _affine;
        kernel.Mean = _means;
        kernel.Scale = _scales;
        kernel.Variance = _variances;
        Parameters[0].Value.Span.CopyTo(_affine.Slice(0, _width));
        Parameters[1].Value.Span.CopyTo(_affine.Slice(kernel.AffineStride, _width));
        if (_axis == NormalizationAxis.Row || pass.IsTraining)
        {
            return false;
        }

        Span<float> scales = _scales.Span;
        ReadOnlySpan<float> variances = Buffers[1].Value.Span;
        Buffers[0].Value.Span.CopyTo(_means.Span);
        for (int column = 0; column < _width; column++)
        {
            scales[column] = 1 / MathF.Sqrt(variances[column] + HiddenKernel.Epsilon);
        }

        return true;
    }

    /// <summary>After a product that <see cref="BeginForward"/> did not let the epilogue finish: statistics, then y.</summary>
    public void Normalize()
    {
        if (_axis == NormalizationAxis.Row)
        {
            var rows = new RowWork(_kernel, _scratch, IsBackward: false);
            SizedWork.Run(_engine, ref rows, Size);
        }
        else
        {
            var columns = new ColumnWork(_kernel, Panels, IsBackward: false);
            SizedWork.Run(_engine, ref columns, Size);
        }
    }

    /// <summary>Prepares the way back: <see cref="Epilogue"/> then turns g into da in place.</summary>
    /// <param name="gradient">∂loss/∂y (B, n), packed, once the product is complete.</param>
    public void BeginBackward(PanelMatrix gradient)
    {
        _kernel.IsBackward = true;
        _kernel.Output = gradient;
    }

    /// <summary>The epilogue's work where no product does it.</summary>
    public void ApplyAlone()
    {
        var work = new ApplyWork(_kernel);
        SizedWork.Run(_engine, ref work, Size);
    }

    /// <summary>With normalization: parameters' gradients, then dz in da's place; running statistics take the batch in.</summary>
    /// <param name="accumulate">Add to the parameters' gradients.</param>
    public void NormalizeBackward(bool accumulate)
    {
        if (_axis == NormalizationAxis.None)
        {
            return;
        }

        if (_axis == NormalizationAxis.Row)
        {
            var affine = new AffineWork(_kernel, Panels, accumulate);
            SizedWork.Run(_engine, ref affine, Size);
            var rows = new RowWork(_kernel, _scratch, IsBackward: true);
            SizedWork.Run(_engine, ref rows, Size);
        }
        else
        {
            var columns = new ColumnWork(_kernel, Panels, IsBackward: true);
            SizedWork.Run(_engine, ref columns, Size);
            UpdateRunningStatistics();
        }

        for (int number = 0; number < Parameters.Count; number++)
        {
            Span<float> total = Parameters[number].Gradient!.Span;
            ReadOnlySpan<float> added = _affine.Slice((2L + number) * _kernel.AffineStride, _width);
            if (!accumulate || _axis == NormalizationAxis.Row)
            {
                added.CopyTo(total);
                continue;
            }

            for (int column = 0; column < _width; column++)
            {
                total[column] += added[column];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Parameter parameter in Parameters)
        {
            parameter.Dispose();
        }

        foreach (Parameter buffer in Buffers)
        {
            buffer.Dispose();
        }

        _z.Dispose();
        _affine.Dispose();
        _means.Dispose();
        _scales.Dispose();
        _variances.Dispose();
        _scratch.Dispose();
    }

    private long Size => SizedWork.CopyCost * _kernel.Input.Rows * _width;

    private void UpdateRunningStatistics()
    {
        int batch = _kernel.Input.Rows;
        Span<float> mean = Buffers[0].Value.Span;
        Span<float> variance = Buffers[1].Value.Span;
        float unbiased = batch / (float)(batch - 1);
        for (int column = 0; column < _width; column++)
        {
            mean[column] = MathF.FusedMultiplyAdd(Momentum, _means[column] - mean[column], mean[column]);
            if (batch > 1)
            {
                // One sample says nothing about the variance.
                float difference = (_variances[column] * unbiased) - variance[column];
                variance[column] = MathF.FusedMultiplyAdd(Momentum, difference, variance[column]);
            }
        }
    }

    /// <summary>Rows of layer normalization, divided among workers.</summary>
    private readonly record struct RowWork(HiddenKernel Kernel, NativeBuffer<float> Scratch, bool IsBackward) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            PanelMatrix z = Kernel.Input;
            long scratch = 2L * Kernel.AffineStride * worker;
            (int start, int end) = WorkerTeam.Share(z.Rows, worker, workers);
            for (int row = start; row < end; row++)
            {
                if (IsBackward)
                {
                    Kernel.RowBackward(row, Scratch, scratch);
                    continue;
                }

                Kernel.RowStatistics(row, Scratch, scratch);
                for (int panel = 0; panel < z.Panels; panel++)
                {
                    Kernel.Apply(panel, row, 1, Math.Min(PanelMatrix.Width, z.Columns - (panel * PanelMatrix.Width)));
                }
            }
        }
    }

    /// <summary>Panels of batch normalization, divided among workers.</summary>
    private readonly record struct ColumnWork(HiddenKernel Kernel, int Panels, bool IsBackward) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Panels, worker, workers);
            for (int panel = start; panel < end; panel++)
            {
                if (IsBackward)
                {
                    Kernel.ColumnBackward(panel);
                    continue;
                }

                PanelMatrix z = Kernel.Input;
                Kernel.ColumnStatistics(panel);
                Kernel.Apply(panel, 0, z.Rows, Math.Min(PanelMatrix.Width, z.Columns - (panel * PanelMatrix.Width)));
            }
        }
    }

    /// <summary>dγ and dβ of layer normalization, divided by panels.</summary>
    private readonly record struct AffineWork(HiddenKernel Kernel, int Panels, bool Accumulate) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Panels, worker, workers);
            for (int panel = start; panel < end; panel++)
            {
                Kernel.RowAffineGradient(panel, Accumulate);
            }
        }
    }

    /// <summary>The elementwise part, divided by rows.</summary>
    private readonly record struct ApplyWork(HiddenKernel Kernel) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            PanelMatrix z = Kernel.Input;
            (int start, int end) = WorkerTeam.Share(z.Rows, worker, workers);
            for (int panel = 0; panel < z.Panels && start < end; panel++)
            {
                Kernel.Apply(panel, start, end - start, Math.Min(PanelMatrix.Width, z.Columns - (panel * PanelMatrix.Width)));
            }
        }
    }
}
