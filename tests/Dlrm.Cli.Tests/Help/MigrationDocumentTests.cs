using System.Text;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Help;

/// <summary>docs/migration.md ends with the reference's flags, made from the option definitions; DLRM_UPDATE=1 rewrites it.</summary>
public class MigrationDocumentTests
{
    private const string Marker = "<!-- generated from the option definitions";

    [Fact]
    public void The_table_of_the_references_flags_is_that_of_the_options()
    {
        string path = Path.Combine(Repository.Root, "docs", "migration.md");
        string text = File.ReadAllText(path);
        int end = text.IndexOf('\n', text.IndexOf(Marker, StringComparison.Ordinal)) + 1;
        string expected = text[..end] + Table();
        if (Environment.GetEnvironmentVariable("DLRM_UPDATE") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, File.ReadAllText(path));
    }

    private static string Table()
    {
        var table = new StringBuilder("\n| flag | default | what it does |\n| --- | --- | --- |\n");
        foreach (ToolOption option in CommandCatalog.All.Single(command => command.Name == "train").Options.Where(option => !option.IsNew))
        {
            string effect = option.NotYet is { } instead ? $"not taken{(instead.Length > 0 ? ": " + instead : "")}" : option.Help;
            table.Append('|').Append(' ').Append('`').Append(option.Switch).Append("` | ")
                .Append(Cell(option.DefaultText)).Append(" | ").Append(Cell(effect)).Append(" |\n");
        }

        return table.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
