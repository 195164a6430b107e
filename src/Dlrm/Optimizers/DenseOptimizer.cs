using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Optimizers;

/// <summary>Updates parameters that have a gradient for every element: the towers.</summary>
/// <remarks>
/// <para>
/// One run of the team for all parameters: their elements form one line, and each worker takes an equal part of it.
/// Rules work element by element, so the division changes no bit.
/// </para>
/// <para>
/// Before the rule come clipping and weight decay, as in PyTorch: with the norm N of all gradients together and the
/// bound C, <c>scale = min(C / (N + 1e-6), 1)</c>, then <c>g = fma(decay, w, scale·g)</c>, in the gradient's place.
/// </para>
/// </remarks>
public abstract class DenseOptimizer : IDisposable
{
    /// <summary>Parts of the line begin at multiples of a cache line.</summary>
    private const int Grain = 16;

    /// <summary>PyTorch's: keeps the quotient finite where all gradients are 0.</summary>
    private const double NormMargin = 1e-6;

    private readonly Parameter[] _parameters;
    private readonly long[] _starts;
    private readonly GradientKernel _gradients;
    private readonly GradientNorm? _norm;
    private readonly float _bound;
    private readonly float _decay;

    /// <summary>Takes charge of parameters, which it does not own.</summary>
    /// <param name="name">The name on the command line.</param>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="parameters">All with a gradient.</param>
    /// <param name="options">Weight decay and clipping; null for neither.</param>
    /// <exception cref="ArgumentException">A parameter has none, or an option is out of range.</exception>
    protected DenseOptimizer(string name, Engine engine, IReadOnlyList<Parameter> parameters, OptimizerOptions? options)
    {
        options?.Validate();
        Name = name;
        _parameters = [.. parameters];
        _starts = new long[_parameters.Length + 1];
        for (int parameter = 0; parameter < _parameters.Length; parameter++)
        {
            if (_parameters[parameter].Gradient is null)
            {
                throw new ArgumentException(
                    $"{_parameters[parameter].Name} has no dense gradient; tables belong to a {nameof(SparseOptimizer)}.",
                    nameof(parameters));
            }

            long grains = (_parameters[parameter].Value.Length + Grain - 1) / Grain;
            _starts[parameter + 1] = _starts[parameter] + grains;
        }

        _gradients = GradientKernel.For(engine.InstructionSet);
        _bound = options?.ClipGradientNorm ?? 0;
        _decay = options?.WeightDecay ?? 0;
        _norm = _bound > 0 ? new GradientNorm(engine, _parameters) : null;
    }

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>What a checkpoint must hold; empty for rules without memory.</summary>
    public virtual IReadOnlyList<OptimizerState> States => [];

    /// <summary>The parameters in charge.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Takes one step along the gradients that the parameters hold.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="learningRate">Step size.</param>
    public void Update(Engine engine, float learningRate)
    {
        BeginStep();
        float scale = _norm is null ? 1 : (float)Math.Min(_bound / (_norm.Compute(engine) + NormMargin), 1);
        var work = new Work { Optimizer = this, LearningRate = learningRate, Scale = scale };
        engine.Team.Run(ref work);
    }

    /// <summary>Gives the state's memory back.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the state's memory back.</summary>
    /// <param name="disposing">True: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        foreach (OptimizerState state in States)
        {
            state.Value.Dispose();
        }

        _norm?.Dispose();
    }

    /// <summary>Called once before each step, on the calling thread.</summary>
    protected virtual void BeginStep()
    {
    }

    /// <summary>Updates elements [start, start + count) of a parameter.</summary>
    /// <param name="parameter">Its number in <see cref="Parameters"/>.</param>
    /// <param name="value">Its values.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="start">First element.</param>
    /// <param name="count">Elements.</param>
    /// <param name="learningRate">Step size.</param>
    protected abstract void UpdateElements(
        int parameter, NativeBuffer<float> value, NativeBuffer<float> gradient, long start, int count, float learningRate);

    private void Execute(int worker, int workers, float learningRate, float scale)
    {
        bool prepare = _decay != 0 || scale != 1;
        long from = _starts[^1] * worker / workers;
        long to = _starts[^1] * (worker + 1) / workers;
        for (int parameter = 0; parameter < _parameters.Length; parameter++)
        {
            NativeBuffer<float> value = _parameters[parameter].Value;
            long start = (Math.Max(from, _starts[parameter]) - _starts[parameter]) * Grain;
            long end = Math.Min((Math.Min(to, _starts[parameter + 1]) - _starts[parameter]) * Grain, value.Length);
            while (start < end)
            {
                int count = (int)Math.Min(end - start, 1 << 30);
                if (prepare)
                {
                    _gradients.Prepare(value, _parameters[parameter].Gradient!, start, count, scale, _decay);
                }

                UpdateElements(parameter, value, _parameters[parameter].Gradient!, start, count, learningRate);
                start += count;
            }
        }
    }

    private struct Work : IParallelWork
    {
        public DenseOptimizer Optimizer;
        public float LearningRate;
        public float Scale;

        public readonly void Execute(int worker, int workers) => Optimizer.Execute(worker, workers, LearningRate, Scale);
    }
}
