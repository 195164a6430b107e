using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>x, then the dot product of x with each pooled embedding: W = D + F − 1.</summary>
/// <remarks>
/// The article's one-sided dot; the reference has none like it. x · e_t: k ascending, fused multiply-add from 0.
/// Backward, g_t the gradient of x · e_t: de_t = g_t x; dx starts as the gradient of the copy of x and takes
/// fma(g_t, e_t, dx) for t = 1, 2, ….
/// </remarks>
public sealed class DotDenseInteraction : Interaction
{
    /// <summary>Samples that stay with one worker: the widest register of lanes.</summary>
    private const int Grain = 16;

    /// <summary>An interaction.</summary>
    /// <param name="features">F.</param>
    /// <param name="dimension">D.</param>
    public DotDenseInteraction(int features, int dimension)
        : base("dot-dense", features, dimension, checked(dimension + features - 1))
    {
    }

    /// <inheritdoc/>
    public override void Forward(Engine engine, MatrixView features, MatrixView output)
    {
        RequireShapes(features, output);
        var work = new ForwardWork(DotDenseKernel.For(engine.InstructionSet), Dimension, features, output);
        engine.Team.Run(ref work);
    }

    /// <inheritdoc/>
    public override void Backward(Engine engine, MatrixView features, MatrixView outputGradient, MatrixView featureGradient)
    {
        RequireShapes(features, outputGradient);
        RequireShapes(featureGradient, outputGradient);
        var work = new BackwardWork(
            DotDenseKernel.For(engine.InstructionSet), Dimension, features, outputGradient, featureGradient);
        engine.Team.Run(ref work);
    }

    private readonly record struct ForwardWork(
        DotDenseKernel Kernel, int Dimension, MatrixView Features, MatrixView Output) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Features.Rows, worker, workers, Grain);
            Kernel.Forward(Dimension, Features, Output, start, end);
        }
    }

    private readonly record struct BackwardWork(
        DotDenseKernel Kernel,
        int Dimension,
        MatrixView Features,
        MatrixView OutputGradient,
        MatrixView FeatureGradient) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Features.Rows, worker, workers, Grain);
            Kernel.Backward(Dimension, Features, OutputGradient, FeatureGradient, start, end);
        }
    }
}
