using Dlrm.Memory;

namespace Dlrm.Kernels;

/// <summary>The weights of a layer in signed bytes, laid out for <see cref="Int8Kernel"/>, with the sums it needs.</summary>
/// <remarks>Panel p holds outputs 16·p … 16·p + 15: (padded K / 4, 16, 4), zero beyond the matrix.</remarks>
internal sealed unsafe class Int8Weights : IDisposable
{
    private readonly NativeBuffer<sbyte> _panels;
    private readonly NativeBuffer<int> _sums;

    /// <summary>Room for the weights of a layer.</summary>
    /// <param name="outputs">N.</param>
    /// <param name="inputs">K.</param>
    /// <exception cref="ArgumentException">K is too large for sums of 32 bits.</exception>
    public Int8Weights(int outputs, int inputs)
    {
        if (inputs > Int8Kernel.MostInputs)
        {
            throw new ArgumentException(
                $"A layer of {inputs} inputs cannot be kept in 8 bits: {Int8Kernel.MostInputs} is the most. Use --quantize-mlp-with-bit=16.");
        }

        Outputs = outputs;
        Inputs = inputs;
        _panels = new NativeBuffer<sbyte>((long)Panels * PanelBytes);
        _sums = new NativeBuffer<int>((long)Panels * Int8Kernel.Panel);
    }

    /// <summary>N.</summary>
    public int Outputs { get; }

    /// <summary>K.</summary>
    public int Inputs { get; }

    /// <summary>Panels of 16 outputs.</summary>
    public int Panels => (Outputs + Int8Kernel.Panel - 1) / Int8Kernel.Panel;

    private int PanelBytes => Int8Kernel.Panel * Int8Kernel.PaddedInputs(Inputs);

    /// <summary>A panel.</summary>
    /// <param name="number">Its number.</param>
    public sbyte* PanelAt(int number) => _panels.Data + ((long)number * PanelBytes);

    /// <summary>Σ w[n, k] of the outputs of a panel, (16).</summary>
    /// <param name="number">Its number.</param>
    public int* SumsAt(int number) => _sums.Data + ((long)number * Int8Kernel.Panel);

    /// <summary>Copies weights into place.</summary>
    /// <param name="weights">(N, K), signed bytes.</param>
    public void Pack(NativeBuffer<byte> weights)
    {
        _sums.Span.Clear();
        for (int output = 0; output < Outputs; output++)
        {
            sbyte* row = (sbyte*)weights.Data + ((long)output * Inputs);
            sbyte* target = PanelAt(output / Int8Kernel.Panel) + (4 * (output % Int8Kernel.Panel));
            int sum = 0;
            for (int k = 0; k < Inputs; k++)
            {
                target[(k / 4 * 4 * Int8Kernel.Panel) + (k % 4)] = row[k];
                sum += row[k];
            }

            _sums[output] = sum;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _panels.Dispose();
        _sums.Dispose();
    }
}
