using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Dlrm.Interop.Models;
using Dlrm.Model;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>The weights of an ONNX file that we or the reference exported; its graph is not run.</summary>
internal sealed partial class OnnxModelFile : ModelFile
{
    private readonly Archive _archive;

    private OnnxModelFile(string path, Archive archive, DlrmConfig config)
        : base(path, config)
    {
        _archive = archive;
    }

    public static ModelFile Read(string path, ModelHints hints)
    {
        ModelProto model = OnnxInterpreter.Parse(path);
        var archive = new Archive(path, model.Graph);
        string? json = model.MetadataProps.FirstOrDefault(entry => entry.Key == OnnxExporter.ConfigKey)?.Value;
        try
        {
            if (json is not null && DlrmConfig.FromJson(json).Precision is { IsQuantized: true } precision)
            {
                throw new RefusedFileException(
                    RefusalReason.NotThisFormat,
                    $"{path} holds a quantized model ({precision}), whose weights are spread over its graph: import the model that it was made "
                    + "from, and quantize that (dlrm quantize).");
            }

            return new OnnxModelFile(path, archive, json is null ? ConfigReader.Read(archive, hints) : DlrmConfig.FromJson(json));
        }
        catch (InvalidDataException exception)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{path}: {exception.Message}", exception);
        }
    }

    internal override IReadOnlyList<long>? ShapeOf(string name) => _archive.Shapes.GetValueOrDefault(name);

    internal override Stream OpenParameter(string name) => _archive.Open(name);

    protected override void Dispose(bool disposing) => _archive.Dispose();

    /// <summary>How PyTorch calls the product with a mixed-dimension table's projection, whose weight it transposes and renames.</summary>
    [GeneratedRegex(@"^/emb_l\.(\d+)/proj/MatMul$")]
    private static partial Regex ProjectionName();

    private sealed class Archive : ITensorArchive
    {
        private readonly Dictionary<string, OnnxWeight> _weights = new(StringComparer.Ordinal);
        private readonly Dictionary<string, OnnxWeight> _transposed = new(StringComparer.Ordinal);

        public Archive(string path, GraphProto graph)
        {
            Path = path;
            var all = new Dictionary<string, OnnxWeight>(StringComparer.Ordinal);
            foreach (TensorProto tensor in graph.Initializer)
            {
                var weight = new OnnxWeight(tensor, path);
                if (weight.Size > 1)
                {
                    all[tensor.Name] = _weights[tensor.Name] = weight;
                }
            }

            foreach (NodeProto node in graph.Node)
            {
                if (node.OpType == "MatMul" && ProjectionName().Match(node.Name) is { Success: true } match && node.Input.Count == 2
                    && all.TryGetValue(node.Input[1], out OnnxWeight? product) && product.Shape.Count == 2 && product.IsFloat)
                {
                    _transposed[$"emb_l.{match.Groups[1].Value}.proj.weight"] = product;
                }
            }

            var shapes = _weights.ToDictionary(entry => entry.Key, entry => entry.Value.Shape, StringComparer.Ordinal);
            foreach ((string name, OnnxWeight weight) in _transposed)
            {
                shapes[name] = [weight.Shape[1], weight.Shape[0]];
            }

            Shapes = shapes;
        }

        public string Path { get; }

        public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; }

        public Stream Open(string name)
        {
            if (!_transposed.TryGetValue(name, out OnnxWeight? weight))
            {
                weight = _weights[name];
                return new SingleStream(weight.Open(), weight.Type, weight.Elements, $"{Path}, initializer '{name}'");
            }

            float[] from = weight.ToValue().Floats;
            (int rows, int columns) = ((int)weight.Shape[0], (int)weight.Shape[1]);
            float[] to = new float[from.Length];
            for (int i = 0; i < to.Length; i++)
            {
                to[(i % columns * rows) + (i / columns)] = from[i];
            }

            return new MemoryStream(MemoryMarshal.AsBytes(to.AsSpan()).ToArray(), writable: false);
        }

        public void Dispose()
        {
        }
    }
}
