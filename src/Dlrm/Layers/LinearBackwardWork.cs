using Dlrm.Kernels;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>The products of a layer's way back, which depend on dY alone: one piece of work, one barrier.</summary>
internal struct LinearBackwardWork : IParallelWork
{
    /// <summary>dX.</summary>
    public GemmWork InputGradient;

    /// <summary>dW and db.</summary>
    public GemmWork WeightGradient;

    /// <summary>Whether dX is wanted.</summary>
    public bool HasInputGradient;

    /// <summary>Multiply-adds of all.</summary>
    public readonly long MultiplyAdds => (HasInputGradient ? 2 : 1) * WeightGradient.MultiplyAdds;

    /// <inheritdoc/>
    public readonly void Execute(int worker, int workers)
    {
        if (HasInputGradient)
        {
            InputGradient.Execute(worker, workers);
        }

        WeightGradient.Execute(worker, workers);
    }
}
