using BenchmarkDotNet.Attributes;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Benchmarks;

/// <summary>
/// The dot interaction on one thread. The baseline does the multiply-adds of the forward pass in registers alone, so
/// 1 / Ratio is the share of peak (forward; backward needs twice as many).
/// </summary>
public class InteractionBench
{
    private const int Batch = 128;

    private Interaction _interaction = null!;
    private Engine _engine = null!;
    private NativeBuffer<float> _features = null!;
    private NativeBuffer<float> _output = null!;
    private NativeBuffer<float> _gradient = null!;

    /// <summary>F × D: kaggle, embedding-heavy, MLPerf.</summary>
    [Params("27x16", "9x64", "27x128")]
    public string Shape { get; set; } = "";

    [Params(InstructionSet.Avx512, InstructionSet.Avx2, InstructionSet.Vector128, InstructionSet.Portable)]
    public InstructionSet Set { get; set; }

    private int Columns => _interaction.Features * _interaction.Dimension;

    private MatrixView Features => MatrixView.Over(_features, Batch, Columns);

    private MatrixView Output => MatrixView.Over(_output, Batch, _interaction.Width);

    [GlobalSetup]
    public void Setup()
    {
        string[] parts = Shape.Split('x');
        _interaction = Interactions.Create(
            "dot",
            itself: false,
            int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture),
            int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        _engine = new Engine(1, Set);
        _features = new NativeBuffer<float>(Batch * (long)Columns);
        _gradient = new NativeBuffer<float>(Batch * (long)Columns);
        _output = new NativeBuffer<float>(Batch * (long)_interaction.Width);
        _features.Span.Fill(0.5f);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _engine.Dispose();
        _features.Dispose();
        _gradient.Dispose();
        _output.Dispose();
    }

    [Benchmark(Baseline = true)]
    public float PeakOfForward()
        => FusedMultiplyAddPeak.Run((long)Batch * (_interaction.Width - _interaction.Dimension) * _interaction.Dimension);

    [Benchmark]
    public void Forward() => _interaction.Forward(_engine, Features, Output);

    [Benchmark]
    public void Backward() => _interaction.Backward(_engine, Features, Output, MatrixView.Over(_gradient, Batch, Columns));
}
