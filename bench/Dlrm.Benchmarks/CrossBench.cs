using BenchmarkDotNet.Attributes;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Random;

namespace Dlrm.Benchmarks;

/// <summary>
/// The low-rank cross network on one thread. The baseline does the multiply-adds of the forward pass in registers alone,
/// so 1 / Ratio is the share of peak (forward; backward needs twice as many).
/// </summary>
public class CrossBench
{
    private const int Batch = 512;

    private Interaction _interaction = null!;
    private Engine _engine = null!;
    private NativeBuffer<float> _features = null!;
    private NativeBuffer<float> _output = null!;
    private NativeBuffer<float> _gradient = null!;

    /// <summary>F × D, layers × rank: small, and MLPerf's.</summary>
    [Params("27x16 2x64", "27x128 3x512")]
    public string Shape { get; set; } = "";

    [Params(InstructionSet.Avx512, InstructionSet.Avx2, InstructionSet.Vector128)]
    public InstructionSet Set { get; set; }

    private MatrixView Features => MatrixView.Over(_features, Batch, _interaction.Width);

    private MatrixView Output => MatrixView.Over(_output, Batch, _interaction.Width);

    [GlobalSetup]
    public void Setup()
    {
        int[] numbers =
            [.. Shape.Split('x', ' ').Select(part => int.Parse(part, System.Globalization.CultureInfo.InvariantCulture))];
        _interaction = Interactions.Create("dcn", itself: false, numbers[0], numbers[1], numbers[2], numbers[3]);
        _engine = new Engine(1, Set);
        _interaction.Allocate(_engine, training: true);
        _interaction.Initialize(new NumpyRandom(1));
        _features = new NativeBuffer<float>(Batch * (long)_interaction.Width);
        _gradient = new NativeBuffer<float>(Batch * (long)_interaction.Width);
        _output = new NativeBuffer<float>(Batch * (long)_interaction.Width);
        _features.Span.Fill(0.5f);
        _interaction.Forward(_engine, Features, Output);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _interaction.Dispose();
        _engine.Dispose();
        _features.Dispose();
        _gradient.Dispose();
        _output.Dispose();
    }

    [Benchmark(Baseline = true)]
    public float PeakOfForward() => FusedMultiplyAddPeak.Run(Batch * _interaction.FlopsPerSample / 2);

    [Benchmark]
    public void Forward() => _interaction.Forward(_engine, Features, Output);

    [Benchmark]
    public void Backward() => _interaction.Backward(_engine, Features, Output, MatrixView.Over(_gradient, Batch, _interaction.Width));
}
