using System.Reflection;
using System.Runtime.InteropServices;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Help;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Kernels;

namespace Dlrm.Cli;

/// <summary>The program: reads the command line, runs the command, and turns what goes wrong into one line and a code.</summary>
internal static class Tool
{
    /// <summary>Set to 1, errors come with their stack.</summary>
    private const string DebugVariable = "DLRM_DEBUG";

    /// <summary>The program's version.</summary>
    public static string Version { get; } =
        typeof(Tool).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Runs the tool.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="console">Where to print.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, ToolConsole console)
    {
        bool named = arguments.Length > 0 && CommandCatalog.All.Any(command => command.Name == arguments[0]);
        string name = named ? $"dlrm {arguments[0]}" : "dlrm";
        try
        {
            if (arguments is ["--version"])
            {
                console.Out.WriteLine(
                    $"dlrm {Version} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, "
                    + $"{InstructionSets.Choose().ToString().ToLowerInvariant()})");
                return ExitCode.Done;
            }

            Request request = CommandLine.Parse(arguments, CommandCatalog.All);
            if (request.Command is null)
            {
                console.Out.Write(HelpText.Tool(CommandCatalog.All));
                return ExitCode.Done;
            }

            if (request.Values is null)
            {
                console.Out.Write(HelpText.Command(request.Command));
                return ExitCode.Done;
            }

            return request.Command.Run(request.Values, console);
        }
        catch (UsageException exception)
        {
            LetRank0Speak(console);
            console.Failures.WriteLine($"{name}: {exception.Message}");
            console.Failures.WriteLine($"{name} --help tells {(named ? "the options" : "the commands")}.");
            return ExitCode.BadUsage;
        }
#pragma warning disable CA1031 // The outermost place: whatever reaches it is told and becomes the exit code.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LetRank0Speak(console);
            console.Failures.WriteLine($"{name}: {Describe(exception)}");
            if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
            {
                console.Failures.WriteLine(exception);
            }

            return ExitCode.Failed;
        }
    }

    /// <summary>What goes wrong before a job is joined mostly goes wrong on every rank: rank 0 says so, and that ends the others.</summary>
    private static void LetRank0Speak(ToolConsole console)
    {
        if (console.Launch is { Rank: > 0 })
        {
            Thread.Sleep(TimeSpan.FromSeconds(3));
        }
    }

    /// <summary>One line. Exceptions made for people speak for themselves; others are named.</summary>
    /// <param name="exception">What was thrown.</param>
    internal static string Describe(Exception exception)
    {
        string message = exception.Message.ReplaceLineEndings(" ");
        bool expected = exception is IOException or UnauthorizedAccessException or InvalidDataException
            or InsufficientMemoryException or ArgumentException or InvalidOperationException
            || exception.GetType().Namespace?.StartsWith(nameof(Dlrm), StringComparison.Ordinal) == true;
        return expected
            ? message
            : $"unexpected {exception.GetType().Name}: {message} ({DebugVariable}=1 shows where; please report it)";
    }
}
