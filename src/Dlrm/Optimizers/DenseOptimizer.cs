using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Optimizers;

/// <summary>Updates parameters that have a gradient for every element: the towers.</summary>
/// <remarks>
/// One run of the team for all parameters: their elements form one line, and each worker takes an equal part of it.
/// Rules work element by element, so the division changes no bit.
/// </remarks>
public abstract class DenseOptimizer : IDisposable
{
    /// <summary>Parts of the line begin at multiples of a cache line.</summary>
    private const int Grain = 16;

    private readonly Parameter[] _parameters;
    private readonly long[] _starts;

    /// <summary>Takes charge of parameters, which it does not own.</summary>
    /// <param name="name">The name on the command line.</param>
    /// <param name="parameters">All with a gradient.</param>
    /// <exception cref="ArgumentException">A parameter has none.</exception>
    protected DenseOptimizer(string name, IReadOnlyList<Parameter> parameters)
    {
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
        var work = new Work { Optimizer = this, LearningRate = learningRate };
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

    private void Execute(int worker, int workers, float learningRate)
    {
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
                UpdateElements(parameter, value, _parameters[parameter].Gradient!, start, count, learningRate);
                start += count;
            }
        }
    }

    private struct Work : IParallelWork
    {
        public DenseOptimizer Optimizer;
        public float LearningRate;

        public readonly void Execute(int worker, int workers) => Optimizer.Execute(worker, workers, LearningRate);
    }
}
