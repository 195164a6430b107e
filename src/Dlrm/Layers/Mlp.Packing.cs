using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Layers;

/// <content>Packing of inputs and weights, and the forward pass of towers in 8 bits, which pack their own.</content>
public sealed partial class Mlp
{
    /// <summary>All layers in bytes; the input is in place.</summary>
    private void ForwardInt8(int batch, MatrixView output, in TowerPass pass)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            PanelMatrix y = i + 1 < _layers.Length ? Activation(i + 1, batch) : new PanelMatrix(output);
            HiddenStage? stage = _stages?[i];
            PanelMatrix z = y;
            bool alone = stage?.BeginForward(batch, y, pass, out z) ?? false;
            Int8LayerWork work = _layers[i].Int8!.Forward(Activation(i, batch), z);
            Run(ref work, work.MultiplyAdds);
            if (alone)
            {
                stage!.ApplyAlone();
            }
            else
            {
                stage?.Normalize();
            }

            _engine.Profiler?.EndLayer(_layers[i].Weight.Name);
        }
    }

    /// <summary>Packs the input, and the weights if that pays.</summary>
    private void PackForward(MatrixView input)
    {
        // Weights that change with every step are used as they are in small batches; a second pass packs them.
        bool pack = _layers[0].Int8 is null && !_layers[0].IsForwardPacked && !(_isFresh && _training && input.Rows <= GemmWork.RowBlock);
        Linear[] packed = pack ? _layers : [];
        foreach (Linear layer in packed)
        {
            layer.ReserveForward();
        }

        foreach (Linear layer in _isFresh ? _layers : [])
        {
            layer.PackBias();
            layer.Int8?.Pack();
        }

        _isFresh = false;
        var work = new ForwardPackWork
        {
            Layers = packed,
            Input = input,
            Target = Activation(0, input.Rows),
        };
        Run(ref work, SizedWork.CopyCost * ((pack ? _weights : 0) + ((long)input.Rows * input.Columns)));
        foreach (Linear layer in packed)
        {
            layer.ForwardPacked();
        }
    }

    /// <summary>Packs the gradient that comes in, taken through the last rectifier, and the weights if that pays.</summary>
    private void PackBackward(MatrixView output, MatrixView outputGradient, PanelMatrix target)
    {
        bool pack = !_layers[0].IsBackwardPacked && output.Rows > GemmWork.RowBlock;
        Linear[] packed = pack ? _layers : [];
        foreach (Linear layer in packed)
        {
            layer.ReserveBackward();
        }

        var work = new BackwardPackWork
        {
            Layers = packed,
            Relu = _layers[^1].Relu,
            Output = output,
            OutputGradient = outputGradient,
            Target = target,
        };
        Run(ref work, SizedWork.CopyCost * ((pack ? _weights : 0) + ((long)output.Rows * output.Columns)));
        foreach (Linear layer in packed)
        {
            layer.IsBackwardPacked = true;
        }
    }
}
