using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Benchmarks;

/// <summary>
/// The three products of a layer at DLRM's shapes, on one thread; the baseline does as many multiply-adds in registers.
/// </summary>
/// <remarks>
/// The ratio column is time by the time of the baseline, so 1 / ratio is the share of the machine's peak.
/// </remarks>
[ShortRunJob]
[Config(typeof(WithGflops))]
public class GemmBench : IDisposable
{
    private readonly GemmKernel _kernel = GemmKernel.For(InstructionSets.Choose());
    private readonly PanelBuffer _x = new();
    private readonly PanelBuffer _y = new();
    private readonly PanelBuffer _forwardWeights = new();
    private readonly PanelBuffer _backwardWeights = new();
    private readonly PanelBuffer _bias = new();
    private NativeBuffer<float> _weightGradient = new(0);
    private NativeBuffer<float> _biasGradient = new(0);
    private GemmWork _forward;
    private GemmWork _inputGradientWork;
    private GemmWork _weightGradientWork;

    /// <summary>Batch, inputs, outputs.</summary>
    [Params(
        "1024-1024-1024",
        "128-13-512", "128-512-256", "128-256-64", "128-64-16", "128-367-512", "128-256-1",
        "2048-512-256", "2048-367-512", "2048-512-512", "2048-100-1024", "2048-1024-1024", "2048-1024-1")]
    public string Shape { get; set; } = "";

    /// <summary>Multiply-adds of one call.</summary>
    /// <param name="shape">Batch, inputs, outputs.</param>
    internal static long MultiplyAdds(string shape) => Extents(shape).Aggregate(1L, (product, extent) => product * extent);

    [GlobalSetup]
    public void Setup()
    {
        int[] extents = Extents(Shape);
        (int batch, int inputs, int outputs) = (extents[0], extents[1], extents[2]);
        PanelMatrix x = Fill(_x, batch, inputs), y = Fill(_y, batch, outputs), bias = Fill(_bias, 1, outputs);
        _weightGradient.Dispose();
        _biasGradient.Dispose();
        _biasGradient = new NativeBuffer<float>(outputs);
        _weightGradient = new NativeBuffer<float>((long)outputs * inputs);
        _forward = GemmWork.Forward(_kernel, x, Fill(_forwardWeights, inputs, outputs), bias, relu: true, y);
        _inputGradientWork = GemmWork.InputGradient(_kernel, y, Fill(_backwardWeights, outputs, inputs), x, x);
        _weightGradientWork = GemmWork.WeightGradient(
            _kernel, y, x, new PanelMatrix(MatrixView.Over(_weightGradient, outputs, inputs)), _biasGradient);
    }

    [Benchmark(Baseline = true)]
    public double Peak()
    {
        InstructionSet set = InstructionSets.Choose();
        int perIteration = PeakProbe.MultiplyAddsPerIteration(set);
        return PeakProbe.FmaGflops(set, (int)Math.Max(1, MultiplyAdds(Shape) / perIteration));
    }

    [Benchmark]
    public void Forward() => _forward.Execute(0, 1);

    [Benchmark]
    public void InputGradient() => _inputGradientWork.Execute(0, 1);

    [Benchmark]
    public void WeightGradient() => _weightGradientWork.Execute(0, 1);

    [GlobalCleanup]
    public void Dispose()
    {
        foreach (PanelBuffer buffer in new[] { _x, _y, _forwardWeights, _backwardWeights, _bias })
        {
            buffer.Dispose();
        }

        _weightGradient.Dispose();
        _biasGradient.Dispose();
        GC.SuppressFinalize(this);
    }

    private static int[] Extents(string shape) =>
        [.. shape.Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];

    /// <summary>Small values that stay small: in place, the input gradient reads what it wrote.</summary>
    private static unsafe PanelMatrix Fill(PanelBuffer buffer, int rows, int columns)
    {
        buffer.Reserve(rows, columns);
        PanelMatrix matrix = buffer.Matrix(rows, columns);
        new Span<float>(matrix.Data, checked((int)PanelMatrix.PackedLength(rows, columns))).Fill(0.01f);
        return matrix;
    }

    /// <summary>Adds GFLOP/s to the table.</summary>
    private sealed class WithGflops : ManualConfig
    {
        public WithGflops() => AddColumn(new GflopsColumn());
    }

    private sealed class GflopsColumn : IColumn
    {
        public string Id => nameof(GflopsColumn);

        public string ColumnName => "GFLOP/s";

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public string Legend => "10⁹ floating-point operations a second, by the mean time";

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Mean;
            return nanoseconds is { } mean
                ? (2 * MultiplyAdds((string)benchmarkCase.Parameters[nameof(Shape)]) / mean).ToString("0.0", CultureInfo.InvariantCulture)
                : "-";
        }

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
            GetValue(summary, benchmarkCase);
    }
}
