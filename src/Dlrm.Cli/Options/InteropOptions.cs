namespace Dlrm.Cli.Options;

/// <summary>What <c>dlrm import</c> and <c>dlrm export</c> read and write.</summary>
internal static class InteropOptions
{
    public static readonly ToolOption<string> Input = new(
        "input", OptionGroup.Files, new Text("FILE"), "", "the file to read: .pt, .pth (PyTorch, TorchRec), .onnx or .npz")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> ImportOutput = new(
        "output", OptionGroup.Files, new Text("DIR"), "", "the model folder to write", "the file's name without its end")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> ExportOutput = new(
        "output", OptionGroup.Files, new Text("FILE"), "", "the file to write", "model.FORMAT")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> OnnxInputs = new(
        "onnx-inputs", OptionGroup.Files, new Choice("bags", "onehot"), "bags",
        "with --format=onnx: lookups as offsets_i and indices_i, bags of any length, as the reference has them; or sparse_x, one "
        + "index a table")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> IncludePreprocessing = new(
        "include-preprocessing", OptionGroup.Files, new Flag(), false,
        "with --format=onnx, for a model of a data set folder: vocabularies and transforms go along, raw values in, probability out")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> ExportFormat = new(
        "format", OptionGroup.Files, new Choice("pt", "pt-torchrec", "onnx"), "pt",
        "pt, the reference's checkpoint; pt-torchrec, a state_dict for TorchRec's DLRM; onnx, for ONNX Runtime and others")
    {
        IsNew = true,
    };
}
