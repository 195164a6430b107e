using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Kernels;
using Dlrm.Layers;

namespace Dlrm.Interop.Onnx;

/// <summary>Emits parameters as they are kept, and the nodes that turn them into single precision where they are used.</summary>
internal sealed class OnnxWeights(OnnxGraph graph, Func<string, Parameter> parameters)
{
    private const long FloatType = 1; // TensorProto.FLOAT

    /// <summary>How a parameter is kept.</summary>
    public StorageFormat StorageOf(string name) => parameters(name).Storage;

    /// <summary>The signed bytes of a matrix (n, k), transposed and 128 higher: (k, n), unsigned.</summary>
    public string ShiftedBytes(string name)
    {
        Parameter parameter = parameters(name);
        (int rows, int columns) = (parameter.Shape[0], parameter.Shape[1]);
        return graph.Weight(TensorSource.Streaming(name + "/shifted", TensorType.U8, [columns, rows], stream =>
        {
            byte[] line = new byte[rows];
            for (int column = 0; column < columns; column++)
            {
                for (int row = 0; row < rows; row++)
                {
                    line[row] = (byte)((sbyte)parameter.Packed[((long)row * columns) + column] + 128);
                }

                stream.Write(line);
            }
        }));
    }

    /// <summary>(1, n): Σ of the signed bytes of each row.</summary>
    public string ByteSums(string name)
    {
        Parameter parameter = parameters(name);
        int columns = parameter.Shape[1];
        return graph.Weight(TensorSource.Streaming(name + "/sums", TensorType.I32, [1, parameter.Shape[0]], stream =>
        {
            for (int row = 0; row < parameter.Shape[0]; row++)
            {
                int sum = 0;
                foreach (byte code in parameter.Packed.Slice((long)row * columns, columns))
                {
                    sum += (sbyte)code;
                }

                stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in sum)));
            }
        }));
    }

    /// <summary>A whole parameter, as floats.</summary>
    /// <exception cref="NotSupportedException">It is kept as no ONNX operator computes it.</exception>
    public string Dense(string name)
    {
        Parameter parameter = parameters(name);
        return parameter.Storage switch
        {
            StorageFormat.Float32 => graph.Weight(TensorSource.Of(parameter)),
            StorageFormat.Float16 or StorageFormat.BFloat16 => graph.Node(
                "Cast", name + "/single", [graph.Weight(TensorSource.Of(parameter))], OnnxGraph.Attribute("to", FloatType)),
            var other => throw new NotSupportedException(
                $"{name} is kept as {other}, and its layer rounds what comes in too: export the model that it was quantized from."),
        };
    }

    /// <summary>Looked-up rows of a table, (L, D), as floats.</summary>
    public string Rows(string name, string indices)
    {
        Parameter parameter = parameters(name);
        if (!parameter.Storage.IsRowwise())
        {
            string rows = graph.Node("Gather", name + "/rows", [graph.Weight(TensorSource.Of(parameter)), indices]);
            return parameter.Storage == StorageFormat.Float32
                ? rows
                : graph.Node("Cast", name + "/single", [rows], OnnxGraph.Attribute("to", FloatType));
        }

        int columns = parameter.Shape[1];
        int bytes = parameter.Storage == StorageFormat.Rowwise4 ? (columns + 1) / 2 : columns;
        string codes = Gathered(name + "/codes", TensorType.U8, bytes, parameter, (row, stream) => stream.Write(row[..bytes]), indices);
        string scales = Gathered(name + "/scale", TensorType.F32, 1, parameter, (row, stream) => WriteFactor(row[bytes..], 0, stream), indices);
        string biases = Gathered(name + "/bias", TensorType.F32, 1, parameter, (row, stream) => WriteFactor(row[bytes..], 1, stream), indices);
        string whole = graph.Node("Cast", name + "/code_floats", [codes], OnnxGraph.Attribute("to", FloatType));
        if (parameter.Storage == StorageFormat.Rowwise4)
        {
            whole = Halves(name, whole, bytes, columns);
        }

        string scaled = graph.Node("Mul", name + "/scaled", [whole, scales]);
        return graph.Node("Add", name + "/dequantized", [scaled, biases]);
    }

    /// <summary>Two values a byte, the lower four bits first: high = ⌊byte / 16⌋, low = byte − 16 · high, side by side.</summary>
    private string Halves(string name, string bytes, int count, int columns)
    {
        string sixteenth = graph.Node("Mul", name + "/sixteenth", [bytes, graph.Scalar(1f / 16)]);
        string high = graph.Node("Floor", name + "/high", [sixteenth]);
        string low = graph.Node("Sub", name + "/low", [bytes, graph.Node("Mul", name + "/high_part", [high, graph.Scalar(16)])]);
        string stacked = graph.Node(
            "Concat",
            name + "/halves",
            [
                graph.Node("Unsqueeze", name + "/low_column", [low, graph.Integers(2)]),
                graph.Node("Unsqueeze", name + "/high_column", [high, graph.Integers(2)]),
            ],
            OnnxGraph.Attribute("axis", 2));
        string flat = graph.Node("Reshape", name + "/codes_flat", [stacked, graph.Integers(-1, 2 * count)]);
        return 2 * count == columns
            ? flat
            : graph.Node("Gather", name + "/codes_cut", [flat, graph.Integers([.. Enumerable.Range(0, columns).Select(c => (long)c)])], OnnxGraph.Attribute("axis", 1));
    }

    private string Gathered(
        string name, TensorType type, int columns, Parameter parameter, Action<ReadOnlySpan<byte>, Stream> write, string indices)
    {
        int rowBytes = (int)parameter.Storage.RowBytes(parameter.Shape[1]);
        string weight = graph.Weight(TensorSource.Streaming(name, type, [parameter.Shape[0], columns], stream =>
        {
            for (long row = 0; row < parameter.Shape[0]; row++)
            {
                write(parameter.Packed.Slice(row * rowBytes, rowBytes), stream);
            }
        }));
        return graph.Node("Gather", name + "_rows", [weight, indices]);
    }

    /// <summary>The row's scale (0) or bias (1): floats after 8-bit codes, halves after 4-bit ones.</summary>
    private static void WriteFactor(ReadOnlySpan<byte> factors, int number, Stream stream)
    {
        float value = factors.Length == 2 * sizeof(float)
            ? MemoryMarshal.Cast<byte, float>(factors)[number]
            : (float)MemoryMarshal.Cast<byte, Half>(factors)[number];
        stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));
    }
}
