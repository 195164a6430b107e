using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Precision;

public sealed class RowCodecTests
{
    [Fact]
    public void Eight_bit_rows_are_the_bytes_of_PyTorchs_prepack()
    {
        foreach (JsonObject item in PyTorchQuantized.Rows)
        {
            Assert.Equal(PyTorchQuantized.Bytes(item["bytes8"]), Pack(item, StorageFormat.Rowwise8).Bytes);
        }
    }

    [Fact]
    public void Four_bit_rows_are_the_bytes_of_PyTorchs_prepack()
    {
        JsonObject[] even = [.. PyTorchQuantized.Rows.Where(item => item["bytes4"] is not null)];
        Assert.True(even.Length >= 5);
        foreach (JsonObject item in even)
        {
            Assert.Equal(PyTorchQuantized.Bytes(item["bytes4"]), Pack(item, StorageFormat.Rowwise4).Bytes);
        }
    }

    /// <summary>PyTorch refuses an odd dimension in 4 bits: a row is what the even row that repeats its last element is, but for that nibble.</summary>
    [Fact]
    public void Four_bits_of_an_odd_row_leave_the_last_upper_half_zero()
    {
        float[] odd = [0.1f, -2, 3, 0.7f, 1];
        byte[] packed = new byte[3 + 4];
        RowCodec.Encode(StorageFormat.Rowwise4, odd, packed);
        byte[] expected = new byte[3 + 4];
        RowCodec.Encode(StorageFormat.Rowwise4, [.. odd, odd[^1]], expected);
        expected[2] &= 0x0F;
        Assert.Equal(expected, packed);
        float[] back = new float[5];
        RowCodec.Decode(StorageFormat.Rowwise4, packed, back);
        Assert.All(back.Zip(odd), pair => Assert.InRange(pair.First - pair.Second, -0.18f, 0.18f));
    }

    [Fact]
    public void Pooling_with_weights_gives_what_PyTorch_gives()
    {
        int[] offsets = [0, 1, 1, 3, 6];
        int[] indices = [0, 3, 1, 2, 0, 2];
        foreach (JsonObject item in PyTorchQuantized.Rows)
        {
            foreach ((string field, StorageFormat format) in new[] { ("pooled8", StorageFormat.Rowwise8), ("pooled4", StorageFormat.Rowwise4) })
            {
                if (item[field] is not { } expected)
                {
                    continue;
                }

                (byte[] bytes, int dimension) = Pack(item, format);
                using var table = new NativeBuffer<byte>(bytes.Length);
                bytes.CopyTo(table.Span);
                using var weights = new NativeBuffer<float>(6);
                ((ReadOnlySpan<float>)[1, 0.5f, -2, 3, 0.125f, 1]).CopyTo(weights.Span);
                using var output = new NativeBuffer<float>(4L * dimension);
                PackedEmbeddingBag.For(InstructionSets.Supported[^1]).Pool(
                    table, format, weights, [0, 1, 2, 3, 4, 5], offsets, indices, 0, 4, MatrixView.Over(output, 4, dimension));
                float[] wanted = PyTorchQuantized.Floats(expected);
                float scale = wanted.Max(Math.Abs);
                for (int i = 0; i < wanted.Length; i++)
                {
                    Assert.InRange(output[i], wanted[i] - (2e-6f * scale), wanted[i] + (2e-6f * scale));
                }
            }
        }
    }

    [Fact]
    public void A_decoded_element_is_within_half_a_step()
    {
        Gen<float[]> gen = Gen.Float[-3, 3].Array[1, 40];
        gen.Sample(row =>
        {
            foreach ((StorageFormat format, float steps) in new[] { (StorageFormat.Rowwise8, 255f), (StorageFormat.Rowwise4, 15f) })
            {
                byte[] packed = new byte[format.RowBytes(row.Length)];
                float[] back = new float[row.Length];
                RowCodec.Encode(format, row, packed);
                RowCodec.Decode(format, packed, back);
                float step = ((row.Max() - row.Min()) / steps) + 0.01f;
                Assert.All(back.Zip(row), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.51f * step));
            }
        }, iter: 300, threads: 1);
    }

    private static (byte[] Bytes, int Dimension) Pack(JsonObject item, StorageFormat format)
    {
        int[] shape = item["shape"].Deserialize<int[]>()!;
        using var parameter = new Parameter("t", shape, dense: false);
        parameter.Store(format);
        parameter.Write(0, PyTorchQuantized.Floats(item["values"]));
        return (parameter.Packed.Span.ToArray(), shape[1]);
    }
}
