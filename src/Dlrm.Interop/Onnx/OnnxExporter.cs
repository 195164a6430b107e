using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Interop.Models;
using Dlrm.Model;
using Google.Protobuf;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>Writes models as ONNX files, which score as the model does: every file is run and compared before it gets its name.</summary>
public static class OnnxExporter
{
    /// <summary>Weights of more bytes than this lie in a file beside the model: a message is held in memory, and ends at 2 GB.</summary>
    public const long LargestInside = 1L << 28;

    private const int OperatorSet = 17;
    private const int FormatVersion = 8;
    private const int Alignment = 4096; // A page, so that runtimes can map the file.
    internal const string ConfigKey = "dlrm.net.config";

    /// <summary>Writes a model, whole or not at all.</summary>
    /// <param name="path">The file; with weights over <see cref="LargestInside"/> also FILE.data.</param>
    /// <param name="model">The model.</param>
    /// <param name="inputs">How the file takes lookups.</param>
    /// <exception cref="InvalidDataException">The file would not score as the model does; nothing was written.</exception>
    /// <exception cref="NotSupportedException">The model has a part that cannot be said in ONNX.</exception>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void Write(string path, DlrmModel model, OnnxInputs inputs) => Write(path, model, inputs, LargestInside);

    /// <summary>Writes a model that takes raw values, whole or not at all.</summary>
    /// <param name="path">The file; with weights over <see cref="LargestInside"/> also FILE.data.</param>
    /// <param name="model">The model.</param>
    /// <param name="preprocessing">How raw values become its inputs.</param>
    /// <exception cref="InvalidDataException">The file would not score as the model does; nothing was written.</exception>
    /// <exception cref="NotSupportedException">The model has a part that cannot be said in ONNX.</exception>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void Write(string path, DlrmModel model, OnnxPreprocessing preprocessing)
        => Write(path, model, OnnxInputs.OneHot, LargestInside, preprocessing);

    internal static void Write(
        string path, DlrmModel model, OnnxInputs inputs, long largestInside, OnnxPreprocessing? preprocessing = null)
    {
        void Require(OnnxInterpreter written)
        {
            if (preprocessing is null)
            {
                OnnxCheck.Require(written, model, inputs);
            }
            else
            {
                OnnxRawCheck.Require(written, model, preprocessing);
            }
        }

        var parameters = model.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        OnnxGraph graph = OnnxModelBuilder.Build(model.Config, name => parameters[name], inputs, preprocessing);
        var file = new ModelProto
        {
            IrVersion = FormatVersion,
            ProducerName = "Dlrm.NET",
            Graph = graph.Proto,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = OperatorSet } },
            MetadataProps = { new StringStringEntryProto { Key = ConfigKey, Value = model.Config.ToJson() } },
        };
        if (preprocessing is not null)
        {
            file.OpsetImport.Add(new OperatorSetIdProto { Domain = OnnxRawInputs.Domain, Version = OnnxRawInputs.OperatorSet });
        }

        if (graph.Weights.Sum(weight => weight.Bytes) <= largestInside)
        {
            foreach (TensorSource weight in graph.Weights)
            {
                file.Graph.Initializer.Add(Inside(weight));
            }

            AtomicFile.Write(path, stream => Serialize(file, stream), written => Require(OnnxInterpreter.Open(written)));
            return;
        }

        string data = path + ".data";
        long offset = 0;
        foreach (TensorSource weight in graph.Weights)
        {
            file.Graph.Initializer.Add(Beside(weight, Path.GetFileName(data), offset));
            offset = Aligned(offset + weight.Bytes);
        }

        AtomicFile.Write(
            data,
            stream => WriteData(stream, graph.Weights),
            written =>
            {
                string description = written + ".onnx";
                try
                {
                    using (FileStream stream = File.Create(description))
                    {
                        Serialize(file, stream);
                    }

                    Require(OnnxInterpreter.Open(description, written));
                }
                finally
                {
                    File.Delete(description);
                }

                File.Delete(path); // Between the two renamings there is no model, rather than an old one with new weights.
            });
        AtomicFile.Write(path, stream => Serialize(file, stream));
    }

    private static void Serialize(ModelProto file, Stream stream)
    {
        using var output = new CodedOutputStream(stream, leaveOpen: true);
        file.WriteTo(output);
    }

    private static TensorProto Describe(TensorSource weight)
    {
        var tensor = new TensorProto
        {
            Name = weight.Name,
            DataType = (int)(weight.Type switch
            {
                TensorType.F16 => TensorProto.Types.DataType.Float16,
                TensorType.BF16 => TensorProto.Types.DataType.Bfloat16,
                TensorType.U8 => TensorProto.Types.DataType.Uint8,
                TensorType.I32 => TensorProto.Types.DataType.Int32,
                _ => TensorProto.Types.DataType.Float,
            }),
        };
        tensor.Dims.AddRange(weight.Shape);
        return tensor;
    }

    private static TensorProto Inside(TensorSource weight)
    {
        byte[] bytes = new byte[weight.Bytes];
        using (var memory = new MemoryStream(bytes))
        {
            weight.WriteTo(memory, requireFinite: false);
        }

        TensorProto tensor = Describe(weight);
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        return tensor;
    }

    private static TensorProto Beside(TensorSource weight, string location, long offset)
    {
        TensorProto tensor = Describe(weight);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach ((string key, string value) in new[]
        {
            ("location", location),
            ("offset", offset.ToString(CultureInfo.InvariantCulture)),
            ("length", weight.Bytes.ToString(CultureInfo.InvariantCulture)),
        })
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        return tensor;
    }

    private static void WriteData(FileStream stream, IReadOnlyList<TensorSource> weights)
    {
        foreach (TensorSource weight in weights)
        {
            stream.Position = Aligned(stream.Position);
            weight.WriteTo(stream, requireFinite: false);
        }
    }

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
