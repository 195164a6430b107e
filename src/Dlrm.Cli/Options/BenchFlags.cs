namespace Dlrm.Cli.Options;

/// <summary>What <c>dlrm bench</c> does with what it has measured.</summary>
internal static class BenchFlags
{
    public static readonly ToolOption<string> Compare = new(
        "compare", OptionGroup.Bench, new Text("FILE"), "",
        "measure the rows of FILE (what --format=json printed, or a history of changes) and compare shares of the floor; exit code 1 when one dropped")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> MaxDrop = new(
        "max-drop", OptionGroup.Bench, new Number(0, 1), 0.15, "with --compare: the part of its share of the floor that a row may lose")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Roofline = new(
        "roofline", OptionGroup.Bench, new Text("FILE"), "", "also draw what was measured under the machine's roof: an SVG file")
    {
        IsNew = true,
    };

    /// <summary>Refuses what contradicts itself, before anything is measured.</summary>
    /// <param name="values">The options' values.</param>
    /// <param name="onlyRows">The options that choose one row to measure; FILE chooses them with --compare.</param>
    /// <exception cref="UsageException">Both are given.</exception>
    public static void Check(OptionValues values, params ReadOnlySpan<ToolOption> onlyRows)
    {
        if (values.Get(Compare).Length == 0)
        {
            if (values.IsGiven(MaxDrop))
            {
                throw new UsageException("--max-drop says how much a row of --compare may lose: give --compare=FILE too.");
            }

            return;
        }

        foreach (ToolOption option in onlyRows)
        {
            if (values.IsGiven(option))
            {
                throw new UsageException(
                    $"--compare={values.Get(Compare)} measures the rows of that file: leave out --{option.Name}, or --compare.");
            }
        }
    }
}
