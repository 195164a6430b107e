using System.Text;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Help;
using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Help;

/// <summary>docs/command-line.md ends with a reference made from the option definitions; DLRM_UPDATE=1 rewrites it.</summary>
public class CommandLineDocumentTests
{
    private const string Marker = "<!-- generated from the option definitions";

    [Fact]
    public void The_reference_in_the_documentation_is_that_of_the_options()
    {
        string path = Path.Combine(Repository.Root, "docs", "command-line.md");
        string text = File.ReadAllText(path);
        int end = text.IndexOf('\n', text.IndexOf(Marker, StringComparison.Ordinal)) + 1;
        string expected = text[..end] + Reference();
        if (Environment.GetEnvironmentVariable("DLRM_UPDATE") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, File.ReadAllText(path));
    }

    [Fact]
    public void Every_option_of_every_command_is_documented()
    {
        string text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "command-line.md"));
        foreach (ToolOption option in CommandCatalog.All.SelectMany(command => command.Options))
        {
            Assert.Contains($"`{option.Switch}", text, StringComparison.Ordinal);
        }
    }

    private static string Reference()
    {
        var text = new StringBuilder();
        var shown = new HashSet<ToolOption>();
        foreach (ToolCommand command in CommandCatalog.All)
        {
            text.Append($"\n## dlrm {command.Name}\n\n{char.ToUpperInvariant(command.Summary[0])}{command.Summary[1..]}.\n");
            if (command.Positional is { } positional)
            {
                text.Append($"An argument without a name is that of `{positional.Switch}`.\n");
            }

            text.Append('\n');
            foreach ((string commandLine, string effect) in command.Examples)
            {
                text.Append($"- `{commandLine}`: {effect}\n");
            }

            AppendGroups(text, command, shown);
        }

        AppendLater(text);
        return text.ToString();
    }

    private static void AppendGroups(StringBuilder text, ToolCommand command, HashSet<ToolOption> shown)
    {
        ToolOption[] known = [.. command.Options.Where(option => HelpText.IsUsable(option) && shown.Contains(option))];
        foreach (IGrouping<OptionGroup, ToolOption> group in command.Options
            .Where(option => HelpText.IsUsable(option) && shown.Add(option))
            .GroupBy(option => option.Group).OrderBy(group => group.Key))
        {
            text.Append($"\n### {OptionCatalog.Title(group.Key)}\n\n| option | default | meaning |\n| --- | --- | --- |\n");
            foreach (ToolOption option in group)
            {
                string standard = option.DefaultText.Length == 0 ? "" : $"`{option.DefaultText}`";
                text.Append($"| `{Cell(HelpText.Usage(option))}` | {standard} | {Cell(option.Help)}{(option.IsNew ? " (new)" : "")} |\n");
            }
        }

        if (known.Length > 0)
        {
            text.Append($"\nAs above: {string.Join(", ", known.Select(option => $"`{option.Switch}`"))}.\n");
        }
    }

    private static void AppendLater(StringBuilder text)
    {
        text.Append("\n## Options of the reference that are not in this version yet\n\n| option | meaning | now |\n| --- | --- | --- |\n");
        foreach (ToolOption option in OptionCatalog.Train.Where(option => !HelpText.IsUsable(option)))
        {
            text.Append($"| `{Cell(HelpText.Usage(option))}` | {Cell(option.Help)} | {option.NotYet} |\n");
        }
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
