using System.Globalization;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;
using Dlrm.Interop.Models;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm import</c>.</summary>
internal sealed class ImportCommand : ToolCommand
{
    public override string Name => "import";

    public override string Summary => "turns a model of another program into a model folder";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm import model.pt --output=model", "a checkpoint of the reference, with its optimizer's state; no code in it is run"),
        ("dlrm import torchrec.pt --output=model", "the state_dict of TorchRec's DLRM"),
        ("dlrm import qr.pt --qr-operation=add --arch-embedding-size=1460-583", "options say what tensors do not"),
    ];

    public override ToolOption Positional => InteropOptions.Input;

    public override IReadOnlyList<ToolOption> Options => field ??=
        [InteropOptions.Input, InteropOptions.ImportOutput, .. ModelOptions.Architecture, .. ModelOptions.Losses];

    public override int Run(OptionValues values, ToolConsole console)
    {
        string input = values.Get(InteropOptions.Input);
        if (input.Length == 0)
        {
            throw new UsageException("No file is named: dlrm import FILE.");
        }

        if (!File.Exists(input))
        {
            throw new UsageException($"{input}: there is no such file.");
        }

        string output = values.Get(InteropOptions.ImportOutput) is { Length: > 0 } named
            ? named
            : Path.Combine(Path.GetDirectoryName(input) ?? "", Path.GetFileNameWithoutExtension(input));
        ModelSaver.CheckTarget(output, InteropOptions.ImportOutput.Switch);
        using ModelFile file = ForeignModel.Open(input, values);
        ModelFolder.Save(output, file.ToContents(CountersJson.Write(file.Counters)));
        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{input}: {file.Config.ParameterCount:N0} parameters, {file.Config.TableRows.Count} tables, {file.Config.Interaction} "
            + $"interaction{(file.OptimizerName is { } optimizer ? $", state of {optimizer}" : "")}"));
        console.Out.WriteLine($"Model   {output}");
        return ExitCode.Done;
    }
}
