using System.Diagnostics;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Cli.Benching;

/// <summary>One fully connected layer of 1024 × 1024: Y = X·Wᵀ; dX = dY·W and dW = dYᵀ·X.</summary>
internal sealed class LayerWorkload : BenchWorkload
{
    private const int Width = 1024;

    private readonly Mlp _layer;
    private readonly NativeBuffer<float>[] _buffers = new NativeBuffer<float>[4];
    private readonly MatrixView _input;
    private readonly MatrixView _output;
    private readonly MatrixView _outputGradient;
    private readonly MatrixView _inputGradient;
    private readonly double[] _milliseconds = new double[2];

    /// <summary>Makes a layer.</summary>
    /// <param name="batch">B: rows of X.</param>
    /// <param name="engine">What to compute with; the caller keeps it.</param>
    public LayerWorkload(int batch, Engine engine)
    {
        _layer = new Mlp(engine, "gemm", [Width, Width], logitOutput: false, training: true);
        _layer.Reserve(batch);
        var random = new System.Random(1);
        for (int i = 0; i < _buffers.Length; i++)
        {
            _buffers[i] = new NativeBuffer<float>((long)batch * Width);
            Fill(_buffers[i].Span, random);
        }

        foreach (Parameter parameter in _layer.Parameters)
        {
            Fill(parameter.Value.Span, random);
        }

        _layer.ParametersChanged();
        _input = MatrixView.Over(_buffers[0], batch, Width);
        _output = MatrixView.Over(_buffers[1], batch, Width);
        _outputGradient = MatrixView.Over(_buffers[2], batch, Width);
        _inputGradient = MatrixView.Over(_buffers[3], batch, Width);
        InferFlops = 2.0 * batch * Width * Width;
    }

    public override double TrainFlops => 3 * InferFlops;

    public override double InferFlops { get; }

    public override double GatheredBytes => 0;

    public override int RowFloats => 0;

    public override long LargestTableBytes => 0;

    public override IReadOnlyList<string> Stages { get; } = ["forward", "backward"];

    public override void Train()
    {
        long start = Stopwatch.GetTimestamp();
        _layer.Forward(_input, _output);
        _milliseconds[0] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        _layer.Backward(_input, _output, _outputGradient, _inputGradient);
        _milliseconds[1] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    public override void Infer() => _layer.Forward(_input, _output);

    public override void ReadStages(Span<double> milliseconds) => _milliseconds.CopyTo(milliseconds);

    public override void Dispose()
    {
        _layer.Dispose();
        foreach (NativeBuffer<float> buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    private static void Fill(Span<float> values, System.Random random)
    {
        foreach (ref float value in values)
        {
            value = random.NextSingle() - 0.5f;
        }
    }
}
