using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>The features side by side, as they stand: W = F·D.</summary>
/// <remarks>Nothing is computed: whoever lets features and output be the same memory need not call it at all.</remarks>
public sealed class CatInteraction : Interaction
{
    /// <summary>An interaction.</summary>
    /// <param name="features">F.</param>
    /// <param name="dimension">D.</param>
    public CatInteraction(int features, int dimension)
        : base("cat", features, dimension, checked(features * dimension))
    {
    }

    /// <inheritdoc/>
    public override bool IsIdentity => true;

    /// <inheritdoc/>
    public override void Forward(Engine engine, MatrixView features, MatrixView output)
    {
        RequireShapes(features, output);
        var work = new CopyWork(features, output);
        engine.Team.Run(ref work);
    }

    /// <inheritdoc/>
    public override void Backward(Engine engine, MatrixView features, MatrixView outputGradient, MatrixView featureGradient)
    {
        RequireShapes(featureGradient, outputGradient);
        var work = new CopyWork(outputGradient, featureGradient);
        engine.Team.Run(ref work);
    }

    private readonly record struct CopyWork(MatrixView From, MatrixView To) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(From.Rows, worker, workers);
            for (int sample = start; sample < end; sample++)
            {
                From.Row(sample).CopyTo(To.Row(sample));
            }
        }
    }
}
