using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <summary>What a tower packs before its way forward.</summary>
internal struct ForwardPackWork : IParallelWork
{
    /// <summary>The layers; those whose packed weights are stale are packed.</summary>
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
            if (!layer.IsForwardPacked)
            {
                layer.PackForward(worker, workers);
            }
        }
    }
}

/// <summary>What a tower packs before its way back.</summary>
internal struct BackwardPackWork : IParallelWork
{
    /// <summary>The layers; those from <see cref="First"/> on whose packed weights are stale are packed.</summary>
    public Linear[] Layers;

    /// <summary>The first layer whose gradient goes further down.</summary>
    public int First;

    /// <summary>Y (B, n[L]).</summary>
    public MatrixView Output;

    /// <summary>∂loss/∂Y (B, n[L]).</summary>
    public MatrixView OutputGradient;

    /// <summary>The gradient before the last rectifier, packed.</summary>
    public PanelMatrix Target;

    /// <inheritdoc/>
    public readonly void Execute(int worker, int workers)
    {
        if (Layers[^1].Relu)
        {
            Packing.CopyMasked(OutputGradient, Output, Target, worker, workers);
        }
        else
        {
            Packing.Copy(OutputGradient, Target, worker, workers);
        }

        for (int i = First; i < Layers.Length; i++)
        {
            if (!Layers[i].IsBackwardPacked)
            {
                Layers[i].PackBackward(worker, workers);
            }
        }
    }
}
