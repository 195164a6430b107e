using Dlrm.Cli.Options;
using Dlrm.Cli.Output;

namespace Dlrm.Cli.Commands;

/// <summary>One command of the tool. A new one is a class and a line in <see cref="CommandCatalog"/>.</summary>
internal abstract class ToolCommand
{
    /// <summary>As it is typed after <c>dlrm</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, as a clause.</summary>
    public abstract string Summary { get; }

    /// <summary>Command lines worth copying, each with what it does.</summary>
    public abstract IReadOnlyList<(string CommandLine, string Effect)> Examples { get; }

    /// <summary>The options it takes.</summary>
    public abstract IReadOnlyList<ToolOption> Options { get; }

    /// <summary>The option that an argument without a name stands for; null for none.</summary>
    public virtual ToolOption? Positional => null;

    /// <summary>True when several arguments without a name may stand; they are joined with commas.</summary>
    public virtual bool RepeatsPositional => false;

    /// <summary>Does it.</summary>
    /// <param name="values">The options' values.</param>
    /// <param name="console">Where to print.</param>
    /// <returns>The exit code: one of <see cref="ExitCode"/>.</returns>
    /// <exception cref="UsageException">The options contradict one another, or name what is not there.</exception>
    public abstract int Run(OptionValues values, ToolConsole console);
}
