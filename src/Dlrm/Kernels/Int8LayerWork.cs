using System.Runtime.CompilerServices;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Kernels;

/// <summary>One layer in bytes (<see cref="Int8Kernel"/>) for all rows of a batch, divided among workers by rows.</summary>
internal unsafe struct Int8LayerWork : IParallelWork
{
    /// <summary>What to compute with.</summary>
    public Int8Kernel Kernel;

    /// <summary>X (B, K).</summary>
    public PanelMatrix Input;

    /// <summary>W.</summary>
    public Int8Weights Weights;

    /// <summary>What a step of the weights is worth.</summary>
    public float WeightScale;

    /// <summary>b (N).</summary>
    public NativeBuffer<float> Bias;

    /// <summary>Whether negative outputs become 0.</summary>
    public bool Relu;

    /// <summary>Y (B, N), written.</summary>
    public PanelMatrix Output;

    /// <summary>Working memory: <see cref="ScratchBytes"/> for each worker.</summary>
    public NativeBuffer<byte> Scratch;

    /// <summary>Multiply-adds of the work, in the time of those of floats.</summary>
    public readonly long MultiplyAdds => (long)Input.Rows * Input.Columns * Output.Columns / 2;

    /// <summary>Bytes of working memory for a worker.</summary>
    /// <param name="inputs">K.</param>
    public static long ScratchBytes(int inputs) => ((long)Int8Kernel.RowBlock * Int8Kernel.PaddedInputs(inputs) + 63) & ~63L;

    /// <inheritdoc/>
    [SkipLocalsInit]
    public readonly void Execute(int worker, int workers)
    {
        const int Eight = 8;
        int stride = Int8Kernel.PaddedInputs(Input.Columns);
        byte* quantized = Scratch.Data + (worker * ScratchBytes(Input.Columns));
        ByteScale* scales = stackalloc ByteScale[Int8Kernel.RowBlock];
        int* sums = stackalloc int[Eight * Int8Kernel.Panel];
        (int start, int end) = WorkerTeam.Share(Input.Rows, worker, workers, Eight);
        for (int row = start; row < end; row += Int8Kernel.RowBlock)
        {
            int rows = Math.Min(Int8Kernel.RowBlock, end - row);
            Kernel.Quantize(Input, row, rows, quantized, scales);
            for (int panel = 0; panel < Weights.Panels; panel++)
            {
                for (int group = 0; group < rows; group += Eight)
                {
                    int count = Math.Min(Eight, rows - group);
                    Kernel.Multiply(quantized + ((long)group * stride), stride, count, Weights.PanelAt(panel), sums);
                    for (int r = 0; r < count; r++)
                    {
                        Finish(panel, row + group + r, scales[group + r], sums + (r * Int8Kernel.Panel));
                    }
                }
            }
        }
    }

    /// <summary>Whole sums to outputs; the same operations in scalar code on every instruction set.</summary>
    private readonly void Finish(int panel, int row, ByteScale scale, int* sums)
    {
        int first = panel * Int8Kernel.Panel;
        int columns = Math.Min(Int8Kernel.Panel, Output.Columns - first);
        float* y = Output.At(first / PanelMatrix.Width, row) + (first % PanelMatrix.Width);
        float* bias = Bias.Data + first;
        int* weightSums = Weights.SumsAt(panel);
        float factor = scale.Scale * WeightScale;
        for (int column = 0; column < columns; column++)
        {
            float value = MathF.FusedMultiplyAdd(sums[column] - (scale.Zero * weightSums[column]), factor, bias[column]);
            y[column] = Relu && value < 0 ? 0 : value;
        }
    }
}
