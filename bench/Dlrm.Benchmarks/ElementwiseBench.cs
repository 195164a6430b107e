using BenchmarkDotNet.Attributes;
using Dlrm.Kernels;

namespace Dlrm.Benchmarks;

/// <summary>Elementwise kernels over 2048 floats (nanoseconds / 2048 is the cost of one), against .NET's own scalar exp.</summary>
public class ElementwiseBench
{
    private readonly float[] _x = new float[2048];
    private readonly float[] _y = new float[2048];
    private Elementwise _kernels = null!;

    [Params(InstructionSet.Avx512, InstructionSet.Avx2, InstructionSet.Vector128, InstructionSet.Portable)]
    public InstructionSet Set { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _kernels = Elementwise.For(Set);
        for (int i = 0; i < _x.Length; i++)
        {
            _x[i] = (i + 1) * 0.01f;
        }
    }

    [Benchmark(Baseline = true)]
    public void MathExp()
    {
        for (int i = 0; i < _x.Length; i++)
        {
            _y[i] = MathF.Exp(_x[i]);
        }
    }

    [Benchmark]
    public void Exp() => _kernels.Exp(_x, _y);

    [Benchmark]
    public void Log() => _kernels.Log(_x, _y);

    [Benchmark]
    public void Sigmoid() => _kernels.Sigmoid(_x, _y);

    [Benchmark]
    public void ScaleAdd() => _kernels.ScaleAdd(1e-9f, _x, _y);

    [Benchmark]
    public void ReluMask() => _kernels.ReluMask(_x, _y);
}
