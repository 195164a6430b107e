using Dlrm.Cli.Commands;
using Dlrm.Cli.Help;
using Xunit;

namespace Dlrm.Cli.Tests.Help;

/// <summary>The whole text is compared; DLRM_UPDATE=1 rewrites the files beside this one.</summary>
public class HelpTextTests
{
    [Fact]
    public void The_help_of_the_tool_is_as_expected() => Compare("dlrm.txt", HelpText.Tool(CommandCatalog.All));

    [Theory]
    [InlineData("train")]
    [InlineData("evaluate")]
    [InlineData("inspect")]
    [InlineData("bench")]
    public void The_help_of_a_command_is_as_expected(string name) =>
        Compare($"{name}.txt", HelpText.Command(CommandCatalog.All.First(command => command.Name == name)));

    [Fact]
    public void No_line_is_wider_than_80_columns()
    {
        foreach (string line in CommandCatalog.All.Select(HelpText.Command).Prepend(HelpText.Tool(CommandCatalog.All))
            .SelectMany(text => text.ReplaceLineEndings("\n").Split('\n')))
        {
            Assert.True(line.Length <= 80, line);
        }
    }

    [Fact]
    public void Every_option_is_in_its_commands_help_and_no_name_is_twice_in_a_command()
    {
        foreach (ToolCommand command in CommandCatalog.All)
        {
            string text = HelpText.Command(command);
            Assert.All(command.Options, option => Assert.Contains(option.Switch, text, StringComparison.Ordinal));
            Assert.Equal(command.Options.Count, command.Options.Select(option => option.Name).Distinct().Count());
        }
    }

    [Fact]
    public void Every_example_is_a_valid_command_line()
    {
        foreach (ToolCommand command in CommandCatalog.All)
        {
            ToolCommand[] shown = [.. command.Examples.Select(example => Parse(example.CommandLine))];
            Assert.Same(command, shown[0]);
        }

        // Later examples may go on with another command, and input may come through a pipe.
        static ToolCommand Parse(string line)
        {
            string own = line.Split(" | ").First(part => part.StartsWith("dlrm", StringComparison.Ordinal));
            string[] words = [.. own.Split(' ').Where(word => !word.StartsWith("--config", StringComparison.Ordinal))];
            Assert.Equal("dlrm", words[0]);
            return CommandLine.Parse(words[1..], CommandCatalog.All).Command!;
        }
    }

    private static void Compare(string name, string actual)
    {
        string path = Path.Combine(Repository.Root, "tests", "Dlrm.Cli.Tests", "Help", name);
        if (Environment.GetEnvironmentVariable("DLRM_UPDATE") == "1")
        {
            File.WriteAllText(path, actual.ReplaceLineEndings("\n"));
        }

        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), actual.ReplaceLineEndings("\n"));
    }
}
