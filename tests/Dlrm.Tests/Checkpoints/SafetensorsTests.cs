using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Dlrm.Checkpoints;
using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private string Path => _temporary.At("x.safetensors");

    [Fact]
    public void What_is_written_is_read_back_and_a_second_parser_agrees()
    {
        Gen<(string Name, long[] Shape)> genTensor = Gen.Select(
            Gen.String[Gen.Char.AlphaNumeric, 1, 12], Gen.Long[0, 5].Array[0, 3], (name, shape) => (name, shape));
        genTensor.Array[0, 6].Sample(
            tensors =>
            {
                tensors = [.. tensors.DistinctBy(tensor => tensor.Name)];
                var buffers = new List<NativeBuffer<float>>();
                foreach ((string _, long[] shape) in tensors)
                {
                    buffers.Add(new NativeBuffer<float>(shape.Aggregate(1L, (a, b) => a * b)));
                    new System.Random(buffers.Count).NextBytes(MemoryMarshal.AsBytes(buffers[^1].Span));
                }

                byte[] file = Write([.. tensors.Select((t, i) => TensorSource.Of(t.Name, t.Shape, buffers[i]))]);
                string path = _temporary.At(Guid.NewGuid().ToString());
                File.WriteAllBytes(path, file);
                using (var reader = SafetensorsReader.Open(path))
                {
                    Assert.Equal(tensors.Length, reader.Tensors.Count);
                    Dictionary<string, (string Type, long[] Shape, byte[] Data)> parsed = TinyParser(file);
                    for (int i = 0; i < tensors.Length; i++)
                    {
                        (string name, long[] shape) = tensors[i];
                        byte[] expected = MemoryMarshal.AsBytes(buffers[i].Span).ToArray();
                        using var read = new NativeBuffer<float>(buffers[i].Length);
                        reader.ReadInto(name, read, shape);
                        Assert.Equal(expected, MemoryMarshal.AsBytes(read.Span).ToArray());
                        Assert.Equal("F32", parsed[name].Type);
                        Assert.Equal(shape, parsed[name].Shape);
                        Assert.Equal(expected, parsed[name].Data);
                    }
                }

                buffers.ForEach(buffer => buffer.Dispose());
            },
            iter: 50);
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        using var values = new NativeBuffer<int>(3);
        values[0] = 1;
        values[1] = -1;
        values[2] = 258;

        byte[] file = Write([TensorSource.Of("a", [3], values)], new Dictionary<string, string> { ["format"] = "pt" });

        // Written by hand from the format's description.
        string head = """{"__metadata__":{"format":"pt"},"a":{"dtype":"I32","shape":[3],"data_offsets":[0,12]}}""";
        string padded = head.PadRight(((head.Length + 8 + 63) / 64 * 64) - 8); // data begin at a multiple of 64
        byte[] expected =
        [
            (byte)padded.Length, 0, 0, 0, 0, 0, 0, 0,
            .. Encoding.ASCII.GetBytes(padded),
            1, 0, 0, 0, 255, 255, 255, 255, 2, 1, 0, 0,
        ];
        Assert.Equal(expected, file);
    }

    [Fact]
    public void Every_element_type_is_known()
    {
        Check<byte>("U8");
        Check<sbyte>("I8");
        Check<short>("I16");
        Check<ushort>("U16");
        Check<Half>("F16");
        Check<int>("I32");
        Check<uint>("U32");
        Check<float>("F32");
        Check<long>("I64");
        Check<ulong>("U64");
        Check<double>("F64");
        Check<bool>("BOOL");
        Assert.Throws<NotSupportedException>(() => Check<decimal>(""));

        // PyTorch's bfloat16, which C# has no type for.
        OpenHead("""{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}""", 4).Dispose();

        void Check<T>(string name)
            where T : unmanaged
        {
            using var values = new NativeBuffer<T>(2);
            Assert.Equal(name, TinyParser(Write([TensorSource.Of("t", [2], values)]))["t"].Type);
        }
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "'a': F32 (2) takes 8 bytes, but its data_offsets [0,4] span 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'a' starts at byte 4 of the data, but the header ends at 0: there is a hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", "they overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}""", "'b' starts at byte 6 of the data, but 'a' ends at 4: there is a hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "ends at byte 16 of the data, but there are only 8: the file was cut off")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "4 bytes follow the last tensor, 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'a' occurs twice")]
    [InlineData("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", "unknown dtype \"F33\"; known are BOOL, U8")]
    [InlineData("""{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "unknown dtype 32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "shape holds -2")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "shape holds 2.5")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "shape must be a list")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}""", "takes over 2^63 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}""", "takes over 2^63 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "begin ≤ end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}""", "begin ≤ end")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", "expected dtype, shape and data_offsets")]
    [InlineData("""{"a":[]}""", "expected dtype, shape and data_offsets")]
    [InlineData("""{"__metadata__":{"n":1}}""", "not the JSON it should be")]
    [InlineData("""{"a":""", "not the JSON it should be")]
    [InlineData("""[]""", "does not start with '{'")]
    [InlineData("", "does not start with '{'")]
    public void A_bad_header_is_refused_by_name(string head, string message)
    {
        string got = Assert.Throws<InvalidDataException>(() => OpenHead(head, 8)).Message;
        Assert.StartsWith(Path, got, StringComparison.Ordinal);
        Assert.Contains(message, got, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(100_000_001UL)]
    public void A_header_longer_than_the_file_is_refused(ulong length)
    {
        byte[] file = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        File.WriteAllBytes(Path, file);
        Assert.Contains($"take {length} bytes", Assert.Throws<InvalidDataException>(() => SafetensorsReader.Open(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_header_is_refused()
    {
        File.WriteAllBytes(Path, new byte[7]);
        Assert.Contains("7 bytes are too few", Assert.Throws<InvalidDataException>(() => SafetensorsReader.Open(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_damage_does_anything_but_a_refusal()
    {
        using var values = new NativeBuffer<float>(4);
        byte[] original = Write([TensorSource.Of("a", [2], Slice(values)), TensorSource.Of("b", [2, 2], values)]);
        Gen.Select(Gen.Int[0, original.Length - 1], Gen.Byte, Gen.Int[0, original.Length]).Sample(
            (position, value, length) =>
            {
                byte[] damaged = [.. original];
                damaged[position] = value;
                string path = _temporary.At(Guid.NewGuid().ToString());
                File.WriteAllBytes(path, length % 2 == 0 ? damaged[..length] : damaged);
                try
                {
                    using var reader = SafetensorsReader.Open(path);
                }
                catch (InvalidDataException exception)
                {
                    Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
                }
            },
            iter: 2000);

        static NativeBuffer<float> Slice(NativeBuffer<float> _) => new(2);
    }

    [Fact]
    public void A_tensor_of_another_size_than_its_buffer_cannot_be_made()
    {
        using var values = new NativeBuffer<float>(4);
        Assert.Contains("(3)", Assert.Throws<ArgumentException>(() => TensorSource.Of("a", [3], values)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TensorSource.Of("a", [-2, -2], values));
    }

    public void Dispose() => _temporary.Dispose();

    private static byte[] Write(TensorSource[] tensors, Dictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    /// <summary>The format read the way its description shows it in a few lines of Python.</summary>
    private static Dictionary<string, (string Type, long[] Shape, byte[] Data)> TinyParser(byte[] file)
    {
        int length = (int)BitConverter.ToInt64(file);
        Assert.Equal(0, length % 8);
        JsonObject head = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        byte[] data = file[(8 + length)..];
        return head.Where(entry => entry.Key != "__metadata__").ToDictionary(
            entry => entry.Key,
            entry => (
                (string)entry.Value!["dtype"]!,
                entry.Value["shape"]!.AsArray().Select(extent => (long)extent!).ToArray(),
                data[(int)entry.Value["data_offsets"]![0]!..(int)entry.Value["data_offsets"]![1]!]));
    }

    private SafetensorsReader OpenHead(string head, int dataBytes)
    {
        byte[] text = Encoding.UTF8.GetBytes(head);
        byte[] file = new byte[8 + text.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)text.Length);
        text.CopyTo(file, 8);
        File.WriteAllBytes(Path, file);
        return SafetensorsReader.Open(Path);
    }
}
