using System.Text;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Help;

/// <summary>The help of the tool and of its commands, for 80 columns, made from the options' definitions.</summary>
internal static class HelpText
{
    private const int Width = 80;

    /// <summary>Where the descriptions begin.</summary>
    private const int Column = 30;

    /// <summary>The text of <c>dlrm --help</c>.</summary>
    public static string Tool(IReadOnlyList<ToolCommand> commands)
    {
        var text = new StringBuilder();
        text.AppendLine("dlrm - deep learning recommendation models: train, evaluate, measure");
        text.AppendLine();
        text.AppendLine("Usage: dlrm COMMAND [--option=value …]");
        text.AppendLine();
        text.AppendLine("Commands:");
        foreach (ToolCommand command in commands)
        {
            AppendRow(text, $"  {command.Name}", command.Summary, 14);
        }

        text.AppendLine();
        text.AppendLine("Examples:");
        foreach (ToolCommand command in commands)
        {
            AppendExample(text, command.Examples[0]);
        }

        text.AppendLine();
        AppendWrapped(
            text,
            "dlrm COMMAND --help tells a command's options. Options keep the names, defaults and meaning of the "
            + "reference, facebookresearch/dlrm; dlrm --version tells the version.",
            0);
        text.AppendLine();
        AppendWrapped(text, "Exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted (after saving).", 0);
        return text.ToString();
    }

    /// <summary>The text of <c>dlrm COMMAND --help</c>.</summary>
    public static string Command(ToolCommand command)
    {
        var text = new StringBuilder();
        AppendWrapped(text, $"dlrm {command.Name} - {command.Summary}", 0);
        text.AppendLine();
        string positional = command.Positional is not { } option ? ""
            : option.Collects ? $" {option.Placeholder} …" : $" [{option.Placeholder}]";
        text.AppendLine($"Usage: dlrm {command.Name}{positional} [--option=value …]");
        text.AppendLine();
        text.AppendLine("Examples:");
        foreach ((string, string) example in command.Examples)
        {
            AppendExample(text, example);
        }

        foreach (IGrouping<OptionGroup, ToolOption> group in command.Options
            .Where(IsUsable).GroupBy(option => option.Group).OrderBy(group => group.Key))
        {
            text.AppendLine();
            text.AppendLine($"{OptionCatalog.Title(group.Key)}:");
            foreach (ToolOption member in group)
            {
                AppendRow(text, "  " + Usage(member), Description(member), Column);
            }
        }

        ToolOption[] later = [.. command.Options.Where(option => !IsUsable(option))];
        if (later.Length > 0)
        {
            text.AppendLine();
            text.AppendLine("Options of the reference that are not in this version yet:");
            AppendWrapped(text, string.Join(' ', later.Select(option => option.Switch)), 2);
        }

        return text.ToString();
    }

    /// <summary>The option and its value, as typed.</summary>
    public static string Usage(ToolOption option) =>
        option.IsFlag ? option.Switch
        : option.Bare is null ? $"{option.Switch}={option.Placeholder}"
        : $"{option.Switch}[={option.Placeholder}]";

    /// <summary>What it does and its default.</summary>
    public static string Description(ToolOption option) =>
        option.Help + (option.DefaultText.Length == 0 ? "" : $" (default {option.DefaultText})");

    /// <summary>False for options of a later version.</summary>
    public static bool IsUsable(ToolOption option) => option.NotYet is null;

    private static void AppendExample(StringBuilder text, (string CommandLine, string Effect) example)
    {
        AppendWrapped(text, example.CommandLine, 2, continuation: " \\", hanging: 2);
        AppendWrapped(text, example.Effect, 6);
    }

    private static void AppendRow(StringBuilder text, string left, string right, int column)
    {
        if (left.Length > column - 2)
        {
            text.AppendLine(left);
            AppendWrapped(text, right, column);
            return;
        }

        text.Append(left.PadRight(column));
        AppendWrapped(text, right, column, started: true);
    }

    /// <summary>Words from a column on, in lines of at most 80 characters.</summary>
    private static void AppendWrapped(
        StringBuilder text, string words, int indent, string continuation = "", int hanging = 0, bool started = false)
    {
        int width = Width - continuation.Length;
        string line = started ? "" : new string(' ', indent);
        int length = indent;
        bool empty = true;
        foreach (string word in words.Split(' '))
        {
            if (!empty && length + 1 + word.Length > width)
            {
                text.AppendLine(line + continuation);
                line = new string(' ', indent + hanging);
                length = indent + hanging;
                empty = true;
            }

            line += (empty ? "" : " ") + word;
            length += (empty ? 0 : 1) + word.Length;
            empty = false;
        }

        text.AppendLine(line);
    }
}
