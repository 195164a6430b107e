using Dlrm.Interop.Onnx;
using Dlrm.Interop.PyTorch;

namespace Dlrm.Interop.Models;

/// <summary>A kind of file that models are read from.</summary>
/// <param name="Extensions">Ends of its names.</param>
/// <param name="Read">Opens one.</param>
internal sealed record ModelFormat(string[] Extensions, Func<string, ModelHints, ModelFile> Read);

/// <summary>Every kind of file that models are read from; a new one is a line here.</summary>
internal static class ModelFormats
{
    private static readonly ModelFormat[] All =
    [
        new([".pt", ".pth"], TorchModelFile.Read),
        new([".onnx"], OnnxModelFile.Read),
    ];

    public static string Known { get; } = string.Join(", ", All.SelectMany(format => format.Extensions));

    public static ModelFormat? Of(string path) => Array.Find(
        All, format => format.Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)));
}
