using System.CommandLine;
using System.CommandLine.Parsing;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;

namespace Dlrm.Cli;

/// <summary>What a command line asks for.</summary>
/// <param name="Command">Null for the tool itself.</param>
/// <param name="Values">The options' values; null when only help is asked for.</param>
internal sealed record Request(ToolCommand? Command, OptionValues? Values);

/// <summary>Reads command lines.</summary>
/// <remarks>
/// System.CommandLine divides the arguments into commands, options and values; what they mean is decided here, because
/// scripts written for the reference expect the rules of Python's argparse: the last of a repeated option wins, an
/// unambiguous beginning of a name stands for it, and an option may be given as <c>--name=value</c> or <c>--name value</c>.
/// </remarks>
internal static class CommandLine
{
    /// <summary>Any number: repeated options are collected, and the last one counts.</summary>
    private static readonly ArgumentArity Repeatable = new(0, 100_000);

    /// <summary>Reads a command line.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="commands">The commands there are.</param>
    /// <exception cref="UsageException">It makes no sense; the message says what is near.</exception>
    public static Request Parse(IReadOnlyList<string> arguments, IReadOnlyList<ToolCommand> commands)
    {
        if (arguments.Count == 0 || IsHelp(arguments[0]))
        {
            return new Request(null, null);
        }

        if (arguments[0] == "help")
        {
            return new Request(arguments.Count == 1 ? null : Find(arguments[1], commands), null);
        }

        if (arguments[0].StartsWith('-'))
        {
            throw new UsageException($"{arguments[0]} stands before a command; put one first, as in: dlrm train {arguments[0]} …");
        }

        ToolCommand command = Find(arguments[0], commands);
        if (arguments.Any(IsHelp))
        {
            return new Request(command, null);
        }

        Dictionary<ToolOption, object> given = ReadOptions(command, arguments);
        IReadOnlyDictionary<ToolOption, object>? file = given.TryGetValue(RunOptions.Config, out object? path)
            ? OptionFile.Read((string)path, command.Options)
            : null;
        return new Request(command, new OptionValues(command.Options, given, file));
    }

    private static bool IsHelp(string argument) => argument is "--help" or "-h" or "-?";

    private static ToolCommand Find(string name, IReadOnlyList<ToolCommand> commands)
    {
        if (commands.FirstOrDefault(command => command.Name == name) is { } found)
        {
            return found;
        }

        string? nearest = Suggestion.Nearest(name, commands.Select(command => command.Name));
        throw new UsageException(
            $"'{name}' is not a command; "
            + (nearest is null ? $"there are {string.Join(", ", commands.Select(c => c.Name))}." : $"did you mean '{nearest}'?"));
    }

    private static Dictionary<ToolOption, object> ReadOptions(ToolCommand command, IReadOnlyList<string> arguments)
    {
        var parsed = new Command(command.Name);
        var options = command.Options.ToDictionary(option => option.Switch, StringComparer.Ordinal);
        foreach (string name in options.Keys)
        {
            parsed.Options.Add(new Option<string[]>(name) { Arity = Repeatable, AllowMultipleArgumentsPerToken = false });
        }

        string[] full = [.. arguments.Skip(1).Select(argument => ExpandName(argument, command))];
        ParseResult result = parsed.Parse(
            full, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        return ReadTokens(command, options, result.Tokens);
    }

    private static Dictionary<ToolOption, object> ReadTokens(
        ToolCommand command, Dictionary<string, ToolOption> options, IReadOnlyList<Token> tokens)
    {
        var values = new Dictionary<ToolOption, object>();
        for (int i = 0; i < tokens.Count; i++)
        {
            string text = tokens[i].Value;
            if (tokens[i].Type == TokenType.Option)
            {
                ToolOption option = options[text];
                bool hasValue = i + 1 < tokens.Count && tokens[i + 1].Type == TokenType.Argument
                    && !tokens[i + 1].Value.StartsWith("--", StringComparison.Ordinal)
                    && !(option.IsFlag && command.Positional is not null && !IsBoolean(tokens[i + 1].Value));
                if (!hasValue && option.Bare is null)
                {
                    throw new UsageException($"{text} needs a value: {text}={option.Placeholder}.");
                }

                Put(values, option, option.Read(hasValue ? tokens[++i].Value : option.Bare!));
            }
            else if (tokens[i].Type == TokenType.Argument)
            {
                if ((text.StartsWith('-') && text != "-") || command.Positional is not { } positional
                    || (values.ContainsKey(positional) && !positional.Collects))
                {
                    throw Unknown(text, command);
                }

                Put(values, positional, positional.Read(text));
            }
        }

        return values;
    }

    private static void Put(Dictionary<ToolOption, object> values, ToolOption option, object value) =>
        values[option] = values.TryGetValue(option, out object? before) ? option.Combine(before, value) : value;

    private static bool IsBoolean(string text)
    {
        try
        {
            new Flag().Parse(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>The argument with the whole name of the option that it begins; as it is when it names one or none.</summary>
    private static string ExpandName(string argument, ToolCommand command)
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal) || argument.Length == 2)
        {
            return argument;
        }

        int end = argument.IndexOf('=', StringComparison.Ordinal);
        string name = end < 0 ? argument : argument[..end];
        if (command.Options.Any(option => option.Switch == name))
        {
            return argument;
        }

        // The reference's own options first, so that ours never make a script's abbreviation ambiguous.
        ToolOption[] begun = [.. command.Options.Where(o => o.Switch.StartsWith(name, StringComparison.Ordinal))];
        ToolOption[] reference = [.. begun.Where(option => !option.IsNew)];
        ToolOption[] candidates = reference.Length > 0 ? reference : begun;
        return candidates.Length switch
        {
            0 => argument,
            1 => candidates[0].Switch + argument[name.Length..],
            _ => throw new UsageException(
                $"{name} could be {string.Join(", ", candidates.SkipLast(1).Select(o => o.Switch))} or {candidates[^1].Switch}."),
        };
    }

    private static UsageException Unknown(string text, ToolCommand command)
    {
        if (!text.StartsWith('-'))
        {
            return new UsageException($"'{text}' stands alone; options are written --name=value.");
        }

        string name = text.Split('=', 2)[0];
        string? nearest = Suggestion.Nearest(name.TrimStart('-').Replace('_', '-'), command.Options.Select(o => o.Name));
        return new UsageException(
            $"{name} is not an option" + (nearest is null ? "." : $"; did you mean --{nearest}?"));
    }
}
