using System.Runtime.InteropServices;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Threading;
using Xunit;

namespace Dlrm.Tests.Kernels;

/// <summary>Every form of the product, on every instruction set, gives the bytes of its scalar twin.</summary>
public sealed class GemmTests
{
    private static readonly int[] s_extents = [1, 2, 3, 7, 11, 12, 13, 31, 32, 33, 64, 100, 257];

    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Supported];

    /// <summary>Triples in which every extent occurs in every place, some beside each other extent.</summary>
    private static IEnumerable<(int M, int N, int K)> Shapes
    {
        get
        {
            int count = s_extents.Length;
            for (int i = 0; i < count; i++)
            {
                for (int shift = 0; shift < count; shift++)
                {
                    yield return (s_extents[i], s_extents[(i + shift) % count], s_extents[((3 * i) + (2 * shift)) % count]);
                }
            }

            yield return (400, 40, 300);
            yield return (5, 17, 700);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Forward_gives_the_bytes_of_its_scalar_twin(InstructionSet set)
    {
        GemmKernel kernel = GemmKernel.For(set);
        foreach ((int m, int n, int k) in Shapes)
        {
            foreach (bool relu in new[] { false, true })
            {
                using var x = new TestMatrix(m, k, seed: 1);
                using var w = new TestMatrix(n, k, seed: 2);
                using var bias = new TestMatrix(1, n, seed: 3);
                using var y = new TestMatrix(m, n, seed: 4);
                float[] expected = Twin(m, n, k, (r, c) => x[r, c], (r, c) => w[c, r]);
                for (int i = 0; i < expected.Length; i++)
                {
                    expected[i] += bias[0, i % n];
                    expected[i] = relu && expected[i] < 0 ? 0 : expected[i];
                }

                using Packed packedX = Pack(x), packedW = PackTransposed(kernel, w), packedBias = Pack(bias);
                var work = GemmWork.Forward(
                    kernel, packedX.Matrix, packedW.Matrix, packedBias.Matrix, relu, new PanelMatrix(y.View));
                AssertForEveryTeam(work, y, expected, $"{set} {m}×{n}×{k}");
                work = GemmWork.Forward(kernel, packedX.Matrix, w.View, packedBias.Matrix, relu, new PanelMatrix(y.View));
                AssertForEveryTeam(work, y, expected, $"{set} {m}×{n}×{k}, weights as they are");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Input_gradient_gives_the_bytes_of_its_scalar_twin(InstructionSet set)
    {
        GemmKernel kernel = GemmKernel.For(set);
        foreach ((int m, int n, int k) in Shapes)
        {
            using var dy = new TestMatrix(m, k, seed: 5);
            using var w = new TestMatrix(k, n, seed: 6);
            using var mask = new TestMatrix(m, n, seed: 7);
            using var dx = new TestMatrix(m, n, seed: 8);
            float[] plain = Twin(m, n, k, (r, c) => dy[r, c], (r, c) => w[r, c]);
            float[] masked = [.. plain.Select((value, i) => mask[i / n, i % n] > 0 ? value : 0)];
            using Packed packedDy = Pack(dy), packedW = Pack(w);
            PanelMatrix target = new(dx.View);
            AssertForEveryTeam(
                GemmWork.InputGradient(kernel, packedDy.Matrix, packedW.Matrix, default, target), dx, plain, $"{set} {m}×{n}×{k}");
            AssertForEveryTeam(
                GemmWork.InputGradient(kernel, packedDy.Matrix, packedW.Matrix, new PanelMatrix(mask.View), target),
                dx, masked, $"{set} {m}×{n}×{k} masked");
            AssertForEveryTeam(
                GemmWork.InputGradient(kernel, packedDy.Matrix, new PanelMatrix(w.View), new PanelMatrix(mask.View), target),
                dx, masked, $"{set} {m}×{n}×{k} masked, weights as they are");
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Weight_and_bias_gradients_give_the_bytes_of_their_scalar_twins(InstructionSet set)
    {
        GemmKernel kernel = GemmKernel.For(set);
        foreach ((int m, int n, int k) in Shapes)
        {
            using var dy = new TestMatrix(k, m, seed: 9);
            using var x = new TestMatrix(k, n, seed: 10);
            using var dw = new TestMatrix(m, n, seed: 11);
            using var db = new NativeBuffer<float>(m);
            float[] sums = new float[m];
            for (int i = 0; i < k * m; i++)
            {
                sums[i % m] += dy[i / m, i % m];
            }

            using Packed packedDy = Pack(dy), packedX = Pack(x);
            AssertForEveryTeam(
                GemmWork.WeightGradient(kernel, packedDy.Matrix, packedX.Matrix, new PanelMatrix(dw.View), db),
                dw, Twin(m, n, k, (r, c) => dy[c, r], (r, c) => x[r, c]), $"{set} {m}×{n}×{k}");
            Assert.True(Bytes(db.Span).SequenceEqual(Bytes(sums)), $"{set} {m}×{k}: the bias differs.");
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_single_column_gives_the_bytes_of_its_scalar_twin(InstructionSet set)
    {
        GemmKernel kernel = GemmKernel.For(set);
        foreach (int m in s_extents)
        {
            foreach (int k in s_extents)
            {
                using var x = new TestMatrix(m, k, seed: 21);
                using var w = new TestMatrix(1, k, seed: 22);
                using var y = new TestMatrix(m, 1, seed: 23);
                using var weights = new NativeBuffer<float>(k);
                using var bias = new NativeBuffer<float>(1);
                w.Row(0).CopyTo(weights.Span);
                bias[0] = 0.25f;
                float[] expected = Twin(m, 1, k, (r, c) => x[r, c], (r, c) => w[0, r]);
                expected = [.. expected.Select(sum => sum + 0.25f < 0 ? 0 : sum + 0.25f)];
                using Packed packedX = Pack(x);
                AssertForEveryTeam(
                    new DotWork(kernel, packedX.Matrix, weights, bias, relu: true, y.View), y, expected, $"{set} {m}×{k}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_packed_result_equals_a_row_major_one(InstructionSet set)
    {
        GemmKernel kernel = GemmKernel.For(set);
        using var a = new TestMatrix(77, 300, seed: 13);
        using var b = new TestMatrix(300, 75, seed: 14);
        using var mask = new TestMatrix(77, 75, seed: 15);
        using var c = new TestMatrix(77, 75, seed: 16);
        using Packed packedA = Pack(a), packedB = Pack(b), packedMask = Pack(mask), packedC = Pack(c);
        var plain = GemmWork.InputGradient(
            kernel, packedA.Matrix, packedB.Matrix, new PanelMatrix(mask.View), new PanelMatrix(c.View));
        plain.Execute(0, 1);
        var packed = GemmWork.InputGradient(
            kernel, packedA.Matrix, packedB.Matrix, packedMask.Matrix, packedC.Matrix);
        packed.Execute(0, 1);
        for (int i = 0; i < 77 * 75; i++)
        {
            Assert.Equal(c[i / 75, i % 75], packedC[i / 75, i % 75]);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_rectifier_keeps_NaN_and_minus_zero(InstructionSet set)
    {
        GemmKernel kernel = GemmKernel.For(set);
        using var x = new TestMatrix(3, 1, seed: 17);
        using var w = new TestMatrix(20, 1, seed: 18);
        using var bias = new TestMatrix(1, 20, seed: 19);
        using var y = new TestMatrix(3, 20, seed: 20);
        x.Row(0)[0] = float.NaN;
        x.Row(1)[0] = float.NegativeInfinity;
        x.Row(2)[0] = 0;
        w.Fill(1);
        bias.Fill(-0f);
        using Packed packedX = Pack(x), packedW = PackTransposed(kernel, w), packedBias = Pack(bias);
        GemmWork.Forward(kernel, packedX.Matrix, packedW.Matrix, packedBias.Matrix, true, new PanelMatrix(y.View))
            .Execute(0, 1);
        Assert.All(y.Row(0).ToArray(), value => Assert.True(float.IsNaN(value)));
        Assert.All(y.Row(1).ToArray(), value => Assert.Equal(0, value));
        Assert.All(y.Row(2).ToArray(), value => Assert.Equal(0, value));
    }

    /// <summary>acc = 0; acc = fma(a, b, acc), k ascending.</summary>
    private static float[] Twin(int m, int n, int k, Func<int, int, float> a, Func<int, int, float> b)
    {
        float[] c = new float[m * n];
        for (int i = 0; i < c.Length; i++)
        {
            for (int step = 0; step < k; step++)
            {
                c[i] = MathF.FusedMultiplyAdd(a(i / n, step), b(step, i % n), c[i]);
            }
        }

        return c;
    }

    private static void AssertForEveryTeam<TWork>(TWork work, TestMatrix actual, float[] expected, string what)
        where TWork : struct, IParallelWork
    {
        foreach (int workers in new[] { 1, 2, 3, 5 })
        {
            actual.Fill(float.NaN);

            // Any order of workers must do, so they need no threads here; Mlp's tests have them.
            for (int worker = workers - 1; worker >= 0; worker--)
            {
                work.Execute(worker, workers);
            }

            int columns = actual.View.Columns;
            for (int row = 0; row < actual.View.Rows; row++)
            {
                if (!Bytes(actual.Row(row)).SequenceEqual(Bytes(expected.AsSpan(row * columns, columns))))
                {
                    Assert.Fail($"{what}, {workers} workers: row {row} differs.");
                }
            }

            Assert.True(actual.IsSurroundIntact, $"{what}, {workers} workers: wrote beside the matrix.");
        }
    }

    private static ReadOnlySpan<byte> Bytes(Span<float> values) => MemoryMarshal.AsBytes(values);

    private static Packed Pack(TestMatrix source)
    {
        var packed = new Packed(source.View.Rows, source.View.Columns);
        Packing.Copy(source.View, packed.Matrix, 1, 2);
        Packing.Copy(source.View, packed.Matrix, 0, 2);
        return packed;
    }

    private static Packed PackTransposed(GemmKernel kernel, TestMatrix source)
    {
        var packed = new Packed(source.View.Columns, source.View.Rows);
        Packing.Transpose(kernel, source.View, packed.Matrix, 1, 2);
        Packing.Transpose(kernel, source.View, packed.Matrix, 0, 2);
        return packed;
    }

    private sealed class Packed : IDisposable
    {
        private readonly PanelBuffer _buffer = new();

        public Packed(int rows, int columns)
        {
            _buffer.Reserve(rows, columns);
            Matrix = _buffer.Matrix(rows, columns);
        }

        public PanelMatrix Matrix { get; }

        public unsafe float this[int row, int column] => Matrix.At(column / 32, row)[column % 32];

        public void Dispose() => _buffer.Dispose();
    }
}
