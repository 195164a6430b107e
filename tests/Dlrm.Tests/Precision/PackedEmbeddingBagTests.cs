using CsCheck;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Tests.Layers;
using Xunit;

namespace Dlrm.Tests.Precision;

public sealed class PackedEmbeddingBagTests
{
    public static TheoryData<InstructionSet, StorageFormat> Kinds
    {
        get
        {
            var data = new TheoryData<InstructionSet, StorageFormat>();
            foreach (InstructionSet set in InstructionSets.Supported)
            {
                foreach (StorageFormat format in (StorageFormat[])[StorageFormat.Rowwise8, StorageFormat.Rowwise4, StorageFormat.Float16, StorageFormat.BFloat16])
                {
                    data.Add(set, format);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sums_as_the_twin_to_the_bit(InstructionSet set, StorageFormat format)
    {
        Gen<(int Rows, int Dimension, int[][] Bags, bool Weighted)> gen =
            from rows in Gen.Int[1, 50]
            from dimension in Gen.OneOf(Gen.Int[1, 40], Gen.Int[1, 4].Select(n => 64 * n), Gen.Int[63, 65])
            from samples in Gen.Int[1, 20]
            from bags in LookupBatches.Bags(rows, samples)
            from weighted in Gen.Bool
            select (rows, dimension, bags, weighted);
        gen.Sample(c => Check(set, format, c.Rows, c.Dimension, c.Bags, c.Weighted), iter: 40, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sums_at_every_width(InstructionSet set, StorageFormat format)
    {
        for (int dimension = 1; dimension <= 145; dimension++)
        {
            Check(set, format, 9, dimension, [[0], [], [8, 8, 1], [3, 4, 5, 6, 7, 0, 0]], weighted: dimension % 2 == 0);
        }
    }

    private static void Check(InstructionSet set, StorageFormat format, int rows, int dimension, int[][] bags, bool weighted)
    {
        using var table = new Parameter("t", [rows, dimension], dense: false);
        table.Store(format);
        float[] values = new float[rows * dimension];
        LookupBatches.Randomize(values, rows + dimension);
        table.Write(0, values);
        using var weights = new NativeBuffer<float>(rows);
        LookupBatches.Randomize(weights.Span, dimension);
        int stride = dimension + 5;
        using var output = new NativeBuffer<float>((long)bags.Length * stride);
        output.Span.Fill(7);
        int[] indices = [.. bags.SelectMany(bag => bag)];
        int[] offsets = [0, .. bags.Select((_, sample) => bags.Take(sample + 1).Sum(bag => bag.Length))];
        MatrixView view = MatrixView.Over(output, bags.Length, stride).ColumnRange(0, dimension);
        PackedEmbeddingBag.For(set).Pool(
            table.Packed, format, weighted ? weights : null, weighted ? indices : [], offsets, indices, 0, bags.Length, view);
        float[] expected = Twin(table, weighted ? weights.Span.ToArray() : null, bags, stride);
        Assert.Equal(LookupBatches.Bits(expected), LookupBatches.Bits(output.Span));
    }

    /// <summary>acc = fma(weight · scale, q, acc + weight · bias), or fma(weight, element, acc); 7 where nothing is written.</summary>
    private static float[] Twin(Parameter table, float[]? weights, int[][] bags, int stride)
    {
        int dimension = table.Shape[1];
        int rowBytes = (int)table.Storage.RowBytes(dimension);
        float[] output = new float[bags.Length * stride];
        Array.Fill(output, 7);
        for (int sample = 0; sample < bags.Length; sample++)
        {
            for (int column = 0; column < dimension; column++)
            {
                float sum = 0;
                foreach (int row in bags[sample])
                {
                    byte[] packed = table.Packed.Slice(row * rowBytes, rowBytes).ToArray();
                    float weight = weights is null ? 1 : weights[row];
                    (float q, float scale, float bias) = table.Storage switch
                    {
                        StorageFormat.Rowwise8 => (packed[column], BitConverter.ToSingle(packed, dimension), BitConverter.ToSingle(packed, dimension + 4)),
                        StorageFormat.Rowwise4 => (
                            (packed[column / 2] >> (column % 2 * 4)) & 15,
                            (float)BitConverter.ToHalf(packed, (dimension + 1) / 2),
                            (float)BitConverter.ToHalf(packed, ((dimension + 1) / 2) + 2)),
                        StorageFormat.Float16 => ((float)BitConverter.ToHalf(packed, 2 * column), 1f, 0f),
                        _ => (BitConverter.Int32BitsToSingle(BitConverter.ToUInt16(packed, 2 * column) << 16), 1f, 0f),
                    };
                    sum = MathF.FusedMultiplyAdd(weight * scale, q, bias == 0 && scale == 1 ? sum : sum + (weight * bias));
                }

                output[(sample * stride) + column] = sum;
            }
        }

        return output;
    }
}
