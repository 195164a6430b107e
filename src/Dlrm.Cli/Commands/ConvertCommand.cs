using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Data.ReferenceFiles;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm convert</c>.</summary>
internal sealed class ConvertCommand : ToolCommand
{
    public override string Name => "convert";

    public override string Summary => "turns the reference's and TorchRec's data files into a data set folder, and back";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm convert kaggleAdDisplayChallenge_processed.npz --output=kaggle", "a run carried over: the same ids, rows and order; day counts are found beside the file"),
        ("dlrm convert day_*_reordered.npz --output=terabyte", "the last day is for test and validation"),
        ("dlrm convert kaggle --format=bin --output=old", "writes terabyte_processed_train.bin, _test.bin, _val.bin and day_fea_count.npz"),
    ];

    public override ToolOption Positional => ConvertFlags.Input;

    public override IReadOnlyList<ToolOption> Options => field ??=
        [ConvertFlags.Input, ConvertFlags.Output, ConvertFlags.Format, PreprocessFlags.Overwrite, RunOptions.Config, TrainOptions.Quiet];

    public override int Run(OptionValues values, ToolConsole console)
    {
        IReadOnlyList<string> inputs = values.Get(ConvertFlags.Input);
        string output = values.Get(ConvertFlags.Output);
        if (inputs.Count == 0 || output.Length == 0)
        {
            throw new UsageException("What, and where to? dlrm convert PATH … --output=DIR.");
        }

        string format = values.Get(ConvertFlags.Format);
        bool folder = inputs.Count == 1 && DataSetFolder.IsDataSet(inputs[0]);
        if (folder == (format == ConvertFlags.DataSet))
        {
            throw new UsageException(folder
                ? $"{inputs[0]} is a data set folder already: say what it is to become, --format=processed, days, bin or torchrec."
                : $"--format={format} is written of a data set folder, which {inputs[0]} is not: make one first, without --format.");
        }

        return folder ? Write(inputs[0], output, format, console) : Read(values, inputs, output, console);
    }

    private static int Write(string input, string output, string format, ToolConsole console)
    {
        IReadOnlyList<string> names = ReferenceExport.Run(input, output, format switch
        {
            "processed" => ReferenceFormat.Processed,
            "days" => ReferenceFormat.Days,
            "bin" => ReferenceFormat.Binary,
            _ => ReferenceFormat.TorchRec,
        });
        console.Out.WriteLine($"{output}: {string.Join(", ", names)}");
        return ExitCode.Done;
    }

    private static int Read(OptionValues values, IReadOnlyList<string> inputs, string output, ToolConsole console)
    {
        using var interruption = new Interruption(console.Error, "Stopping; once more ends at once.", console.IsErrorTerminal);
        using WorkProgress? progress = values.Get(TrainOptions.Quiet) ? null : new WorkProgress(console, TimeProvider.System);
        try
        {
            DataSetDescription description = ReferenceImport.Run(
                SourceFiles.Expand(inputs), output, values.Get(PreprocessFlags.Overwrite), progress, interruption.Token);
            progress?.End();
            PreprocessTable.WriteSplits(description, console.Out);
            console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Data set {Path.GetFullPath(output)}"));
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            progress?.End();
            console.Error.WriteLine($"Interrupted; {output} is as it was.");
            return ExitCode.Interrupted;
        }
    }
}
