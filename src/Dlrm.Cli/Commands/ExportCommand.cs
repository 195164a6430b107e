using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Interop.Models;
using Dlrm.Interop.Onnx;
using Dlrm.Interop.PyTorch;
using Dlrm.Memory;
using Dlrm.Model;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm export</c>.</summary>
internal sealed class ExportCommand : ToolCommand
{
    public override string Name => "export";

    public override string Summary => "writes a model for another program";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm export runs/20260102-150405 --format=pt --output=model.pt", "for PyTorch; the reference goes on training from it"),
        ("dlrm export model --format=onnx --output=model.onnx", "for ONNX Runtime; the file is run and compared before it is kept"),
        ("dlrm export model --format=pt-torchrec --output=torchrec.pt", "a state_dict for TorchRec's DLRM"),
    ];

    public override ToolOption Positional => RunOptions.LoadModel;

    public override IReadOnlyList<ToolOption> Options => field ??=
        [
        RunOptions.LoadModel, InteropOptions.ExportFormat, InteropOptions.OnnxInputs, InteropOptions.IncludePreprocessing,
        InteropOptions.ExportOutput,
        .. ModelOptions.Architecture, .. ModelOptions.Losses,
    ];

    public override int Run(OptionValues values, ToolConsole console)
    {
        string input = values.Get(RunOptions.LoadModel);
        if (input.Length == 0 || (!Directory.Exists(input) && !File.Exists(input)))
        {
            throw new UsageException(input.Length == 0
                ? "No model is named: dlrm export MODEL, a folder or file."
                : $"{input}: there is no such model folder or file.");
        }

        string format = values.Get(InteropOptions.ExportFormat);
        if (values.Get(InteropOptions.IncludePreprocessing) && (format != "onnx" || values.IsGiven(InteropOptions.OnnxInputs)))
        {
            throw new UsageException(format != "onnx"
                ? $"{InteropOptions.IncludePreprocessing.Switch} is for --format=onnx; {format} has no place for it."
                : $"{InteropOptions.IncludePreprocessing.Switch} takes raw columns, and {InteropOptions.OnnxInputs.Switch} names other inputs: leave one out.");
        }

        string output = values.Get(InteropOptions.ExportOutput) is { Length: > 0 } named ? named : $"model.{format.Split('-')[0]}";
        using ModelFile file = ForeignModel.Open(input, values);
        switch (format)
        {
            case "pt":
                WarnOfActivation(file.Config, console);
                TorchModelWriter.Write(output, file.ToTorch());
                break;
            case "pt-torchrec":
                TorchModelWriter.WriteTorchRec(output, file.ToTorch());
                break;
            default:
                WriteOnnx(output, input, file, values);
                break;
        }

        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{output}: {SystemMemory.Describe(new FileInfo(output).Length)}, {file.Config.ParameterCount:N0} parameters"));
        return ExitCode.Done;
    }

    /// <summary>The tensors of such a model fit the reference's, which would score otherwise without a word.</summary>
    private static void WarnOfActivation(DlrmConfig config, ToolConsole console)
    {
        if (config.Tower is { Activation: not "relu" } tower)
        {
            console.Error.WriteLine(
                $"Warning: the model has --activation={tower.Activation}, and the reference has rectifiers alone: it may load the file, and "
                + "scores otherwise. docs/pytorch.md names the modules to load it into.");
        }
    }

    private static void WriteOnnx(string output, string input, ModelFile file, OptionValues values)
    {
        OnnxPreprocessing? preprocessing =
            values.Get(InteropOptions.IncludePreprocessing) ? OnnxPreprocessingReader.Read(input) : null;
        using var engine = new Engine();
        using var model = new DlrmModel(file.Config, engine, optimizer: null);
        file.ReadInto(model);
        if (preprocessing is not null)
        {
            OnnxExporter.Write(output, model, preprocessing);
            return;
        }

        OnnxExporter.Write(output, model, values.Get(InteropOptions.OnnxInputs) == "onehot" ? OnnxInputs.OneHot : OnnxInputs.Bags);
    }
}
