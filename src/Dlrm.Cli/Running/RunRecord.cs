using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Cli.Options;
using Dlrm.Model;

namespace Dlrm.Cli.Running;

/// <summary>config.json: everything needed to repeat a run. --config reads it back.</summary>
internal static class RunRecord
{
    /// <summary>Where a model folder keeps the options it was trained with.</summary>
    public const string NameInModel = "run.json";

    /// <summary>Where --save-model puts its model: --resume goes on putting it there, --config does not.</summary>
    public const string SaveModelMember = "save_model";

    /// <summary>Raised when a member changes its meaning; members may be added without.</summary>
    private const int FormatVersion = 1;

    /// <summary>Letters as they are: the file is read by people, and never put into a page.</summary>
    public static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Options that say where a run goes, not what it is.</summary>
    private static readonly ToolOption[] NotRepeated =
        [RunOptions.Config, RunOptions.OutputDirectory, RunOptions.SaveModel, TrainOptions.Quiet, CheckpointingOptions.Resume];

    private static readonly ToolOption[] Paths = [DataOptions.RawFile, DataOptions.ProcessedFile, RunOptions.LoadModel];

    /// <summary>The text of config.json.</summary>
    /// <param name="command">The command, e.g. <c>train</c>.</param>
    /// <param name="values">Its options.</param>
    /// <param name="data">The data's facts.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="engine">What computes.</param>
    public static string ToJson(string command, OptionValues values, RunData data, DlrmConfig config, Engine engine)
    {
        var options = new JsonObject();
        foreach ((ToolOption option, object value) in Repeated(values))
        {
            options[option.Name] = value switch
            {
                long number => JsonValue.Create(number),
                double number => JsonValue.Create(number),
                bool truth => JsonValue.Create(truth),
                _ => JsonValue.Create(option.Write(value)),
            };
        }

        return new JsonObject
        {
            ["format"] = FormatVersion,
            ["command"] = command,
            ["command_line"] = CommandLine(command, values),
            ["options"] = options,
            [SaveModelMember] = values.Get(RunOptions.SaveModel) is { Length: > 0 } save ? Path.GetFullPath(save) : null,
            ["seed"] = values.Get(TrainOptions.Seed),
            ["data"] = data.Facts.DeepClone(),
            ["model"] = JsonNode.Parse(config.ToJson()),
            ["parameters"] = config.ParameterCount,
            ["threads"] = engine.Team.Workers,
            ["isa"] = engine.InstructionSet.ToString().ToLowerInvariant(),
            ["versions"] = new JsonObject
            {
                ["dlrm"] = Tool.Version,
                ["runtime"] = RuntimeInformation.FrameworkDescription,
                ["system"] = RuntimeInformation.OSDescription,
                ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            },
        }.ToJsonString(Readable) + "\n";
    }

    /// <summary>The command line that repeats a run, for a shell.</summary>
    public static string CommandLine(string command, OptionValues values) =>
        string.Join(' ', Repeated(values).Select(entry => Quote($"{entry.Option.Switch}={entry.Option.Write(entry.Value)}"))
            .Prepend($"dlrm {command}"));

    /// <summary>The options that make a run what it is, paths made absolute so that it can be repeated from anywhere.</summary>
    public static IEnumerable<(ToolOption Option, object Value)> Repeated(OptionValues values) =>
        values.Set()
            .Where(entry => !NotRepeated.Contains(entry.Option))
            .Select(entry => Paths.Contains(entry.Option) || (entry.Option == DataOptions.Set && DataSetOptions.NamesFolder(values))
                ? (entry.Option, Path.GetFullPath((string)entry.Value))
                : entry);

    private static string Quote(string argument) =>
        argument.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_=./,:+@%".Contains(letter, StringComparison.Ordinal))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
