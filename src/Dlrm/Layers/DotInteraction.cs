using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>The reference's interaction: x, then the dot products of all pairs of features.</summary>
/// <remarks>
/// With T = [x, e₁, …] (F, D): output x (D columns), then T_i · T_j for i = 0, 1, …, and j = 0 … i − 1 (with itself,
/// … i). W = D + F (F − 1) / 2, or D + F (F + 1) / 2. Orders of addition: <see cref="DotInteractionKernel"/>.
/// </remarks>
public sealed class DotInteraction : Interaction
{
    /// <summary>Samples that stay with one worker: the widest register of lanes.</summary>
    private const int Grain = 16;

    private readonly DotInteractionShape _shape;

    /// <summary>An interaction.</summary>
    /// <param name="itself">True to pair each feature with itself, too.</param>
    /// <param name="features">F.</param>
    /// <param name="dimension">D.</param>
    public DotInteraction(bool itself, int features, int dimension)
        : base("dot", features, dimension, checked(dimension + new DotInteractionShape(features, dimension, itself).Pairs))
        => _shape = new DotInteractionShape(features, dimension, itself);

    /// <inheritdoc/>
    public override void Forward(Engine engine, MatrixView features, MatrixView output)
    {
        RequireShapes(features, output);
        var work = new ForwardWork(DotInteractionKernel.For(engine.InstructionSet), _shape, features, output);
        engine.Team.Run(ref work);
    }

    /// <inheritdoc/>
    public override void Backward(Engine engine, MatrixView features, MatrixView outputGradient, MatrixView featureGradient)
    {
        RequireShapes(features, outputGradient);
        RequireShapes(featureGradient, outputGradient);
        var work = new BackwardWork(
            DotInteractionKernel.For(engine.InstructionSet), _shape, features, outputGradient, featureGradient);
        engine.Team.Run(ref work);
    }

    private readonly record struct ForwardWork(
        DotInteractionKernel Kernel, DotInteractionShape Shape, MatrixView Features, MatrixView Output) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Features.Rows, worker, workers, Grain);
            Kernel.Forward(Shape, Features, Output, start, end);
        }
    }

    private readonly record struct BackwardWork(
        DotInteractionKernel Kernel,
        DotInteractionShape Shape,
        MatrixView Features,
        MatrixView OutputGradient,
        MatrixView FeatureGradient) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Features.Rows, worker, workers, Grain);
            Kernel.Backward(Shape, Features, OutputGradient, FeatureGradient, start, end);
        }
    }
}
