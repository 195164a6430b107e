using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>x, then the sum of the pooled embeddings: W = 2·D.</summary>
/// <remarks>The article's interaction; the reference has none like it. The sum starts with e₁ and adds e₂, e₃, … to it.</remarks>
public sealed class SumInteraction : Interaction
{
    /// <summary>An interaction.</summary>
    /// <param name="features">F.</param>
    /// <param name="dimension">D.</param>
    public SumInteraction(int features, int dimension)
        : base("sum", features, dimension, checked(2 * dimension))
    {
    }

    /// <inheritdoc/>
    public override void Forward(Engine engine, MatrixView features, MatrixView output)
    {
        RequireShapes(features, output);
        var work = new ForwardWork(Elementwise.For(engine.InstructionSet), features, output, Dimension);
        engine.Team.Run(ref work);
    }

    /// <inheritdoc/>
    public override void Backward(Engine engine, MatrixView features, MatrixView outputGradient, MatrixView featureGradient)
    {
        RequireShapes(featureGradient, outputGradient);
        var work = new BackwardWork(outputGradient, featureGradient, Dimension);
        engine.Team.Run(ref work);
    }

    private readonly record struct ForwardWork(
        Elementwise Elementwise, MatrixView Features, MatrixView Output, int Dimension) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Features.Rows, worker, workers);
            for (int sample = start; sample < end; sample++)
            {
                Span<float> features = Features.Row(sample);
                Span<float> output = Output.Row(sample);
                features[..(2 * Dimension)].CopyTo(output);
                Span<float> sum = output[Dimension..];
                for (int at = 2 * Dimension; at < features.Length; at += Dimension)
                {
                    Elementwise.ScaleAdd(1, features.Slice(at, Dimension), sum);
                }
            }
        }
    }

    private readonly record struct BackwardWork(
        MatrixView OutputGradient, MatrixView FeatureGradient, int Dimension) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(FeatureGradient.Rows, worker, workers);
            for (int sample = start; sample < end; sample++)
            {
                Span<float> from = OutputGradient.Row(sample);
                Span<float> to = FeatureGradient.Row(sample);
                from[..Dimension].CopyTo(to);
                for (int at = Dimension; at < to.Length; at += Dimension)
                {
                    from[Dimension..].CopyTo(to[at..]);
                }
            }
        }
    }
}
