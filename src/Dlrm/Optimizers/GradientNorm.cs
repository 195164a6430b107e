using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Optimizers;

/// <summary>The Euclidean norm of all dense gradients together.</summary>
/// <remarks>
/// Each parameter is cut into blocks of 4,096 elements from its first one. A block's squares are added in 16 lanes and a
/// fixed tree (<see cref="SumOfSquares"/>); the blocks' sums are added in double, in the order of parameters and blocks.
/// Workers share the blocks, so neither their number nor the instruction set changes a bit.
/// </remarks>
internal sealed class GradientNorm : IDisposable
{
    private const int Block = 4096;

    private readonly GradientKernel _kernel;
    private readonly Parameter[] _parameters;
    private readonly NativeBuffer<float> _sums;

    public GradientNorm(Engine engine, Parameter[] parameters)
    {
        _kernel = GradientKernel.For(engine.InstructionSet);
        _parameters = parameters;
        _sums = new NativeBuffer<float>(parameters.Sum(Blocks));
    }

    /// <summary>The norm of the gradients that the parameters hold.</summary>
    public double Compute(Engine engine)
    {
        var work = new Work { Norm = this };
        engine.Team.Run(ref work);
        double sum = 0;
        for (long block = 0; block < _sums.Length; block++)
        {
            sum += _sums[block];
        }

        return Math.Sqrt(sum);
    }

    public void Dispose() => _sums.Dispose();

    private static long Blocks(Parameter parameter) => (parameter.Value.Length + Block - 1) / Block;

    private void Execute(int worker, int workers)
    {
        long from = _sums.Length * worker / workers;
        long to = _sums.Length * (worker + 1) / workers;
        long first = 0;
        foreach (Parameter parameter in _parameters)
        {
            long blocks = Blocks(parameter);
            long end = Math.Min(to - first, blocks);
            for (long block = Math.Max(from - first, 0); block < end; block++)
            {
                long start = block * Block;
                int count = (int)Math.Min(Block, parameter.Value.Length - start);
                _sums[first + block] = _kernel.SumOfSquares(parameter.Gradient!, start, count);
            }

            first += blocks;
        }
    }

    private struct Work : IParallelWork
    {
        public GradientNorm Norm;

        public readonly void Execute(int worker, int workers) => Norm.Execute(worker, workers);
    }
}
