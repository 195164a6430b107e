using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>What a tower packs before its way forward: the input, and the weights of some layers.</summary>
internal struct ForwardPackWork : IParallelWork
{
    /// <summary>The layers whose weights are packed.</summary>
    public Linear[] Layers;

    /// <summary>X (B, n[0]).</summary>
    public MatrixView Input;

    /// <summary>X, packed.</summary>
    public PanelMatrix Target;

    /// <inheritdoc/>
    public readonly void Execute(int worker, int workers)
    {
        Packing.Copy(Input, Target, worker, workers);
        foreach (Linear layer in Layers)
        {
            layer.PackForward(worker, workers);
        }
    }
}

/// <summary>What a tower packs before its way back: the gradient that comes in, and the weights of some layers.</summary>
internal struct BackwardPackWork : IParallelWork
{
    /// <summary>The layers whose weights are packed.</summary>
    public Linear[] Layers;

    /// <summary>Whether the gradient is taken through a rectifier.</summary>
    public bool Relu;

    /// <summary>Y (B, n[L]).</summary>
    public MatrixView Output;

    /// <summary>∂loss/∂Y (B, n[L]).</summary>
    public MatrixView OutputGradient;

    /// <summary>The gradient before the last rectifier, packed.</summary>
    public PanelMatrix Target;

    /// <inheritdoc/>
    public readonly void Execute(int worker, int workers)
    {
        if (Relu)
        {
            Packing.CopyMasked(OutputGradient, Output, Target, worker, workers);
        }
        else
        {
            Packing.Copy(OutputGradient, Target, worker, workers);
        }

        foreach (Linear layer in Layers)
        {
            layer.PackBackward(worker, workers);
        }
    }
}
