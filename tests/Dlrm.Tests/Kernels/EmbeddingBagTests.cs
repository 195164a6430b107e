using CsCheck;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Tests.Layers;
using Xunit;

namespace Dlrm.Tests.Kernels;

public sealed class EmbeddingBagTests
{
    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Supported];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sums_as_the_twin_to_the_bit(InstructionSet set)
    {
        Gen<(int Rows, int Dimension, int[][] Bags)> gen =
            from rows in Gen.Int[1, 50]
            from dimension in Gen.OneOf(Gen.Int[1, 40], Gen.Int[1, 4].Select(n => 64 * n), Gen.Int[63, 65])
            from samples in Gen.Int[1, 20]
            from bags in LookupBatches.Bags(rows, samples)
            select (rows, dimension, bags);
        gen.Sample(c => Check(set, c.Rows, c.Dimension, c.Bags), iter: 100, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sums_at_every_width(InstructionSet set)
    {
        for (int dimension = 1; dimension <= 145; dimension++)
        {
            Check(set, 9, dimension, [[0], [], [8, 8, 1], [3, 4, 5, 6, 7, 0, 0]]);
        }
    }

    private static void Check(InstructionSet set, int rows, int dimension, int[][] bags)
    {
        const int Gap = 5;
        int stride = dimension + Gap;
        int samples = bags.Length;
        using var table = new NativeBuffer<float>((long)rows * dimension);
        using var output = new NativeBuffer<float>((long)samples * stride);
        LookupBatches.Randomize(table.Span, rows + dimension);
        output.Span.Fill(7);
        float[] expected = Pool(table.Span, dimension, bags, stride);
        int[] indices = [.. bags.SelectMany(bag => bag)];
        int[] offsets = [0, .. bags.Select((_, sample) => bags.Take(sample + 1).Sum(bag => bag.Length))];
        MatrixView view = MatrixView.Over(output, samples, stride).ColumnRange(0, dimension);
        var kernel = EmbeddingBag.For(set);
        int middle = samples / 2;
        kernel.Pool(table, offsets, indices, middle, samples, view);
        Assert.Equal(-1, output.Slice(0, middle * stride).IndexOfAnyExcept(7));
        kernel.Pool(table, offsets, indices, 0, middle, view);
        Assert.Equal(LookupBatches.Bits(expected), LookupBatches.Bits(output.Span));
    }

    /// <summary>The twin: the first row, then the others in lookup order; 7 where nothing is written.</summary>
    private static float[] Pool(ReadOnlySpan<float> table, int dimension, int[][] bags, int stride)
    {
        float[] output = new float[bags.Length * stride];
        Array.Fill(output, 7);
        for (int sample = 0; sample < bags.Length; sample++)
        {
            for (int column = 0; column < dimension; column++)
            {
                float sum = bags[sample].Length == 0 ? 0 : table[(bags[sample][0] * dimension) + column];
                foreach (int row in bags[sample].Skip(1))
                {
                    sum += table[(row * dimension) + column];
                }

                output[(sample * stride) + column] = sum;
            }
        }

        return output;
    }
}
