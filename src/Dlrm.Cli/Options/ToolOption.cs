using System.Globalization;

namespace Dlrm.Cli.Options;

/// <summary>Where an option stands in the help.</summary>
internal enum OptionGroup
{
    Bench,
    Plan,
    Generate,
    Trace,
    Preprocess,
    Serve,
    Columns,
    Predict,
    Model,
    Loss,
    Data,
    RandomData,
    Training,
    Testing,
    Printing,
    Files,
    Machine,
    Ranks,
}

/// <summary>One option of the command line, defined once: the parser, the help and docs/command-line.md derive from it.</summary>
/// <remarks>
/// To add one: a field in the class of its group (ModelOptions, DataOptions, …); its class lists it in
/// <see cref="OptionCatalog"/>, and the commands that take it in <see cref="Commands.ToolCommand.Options"/>.
/// </remarks>
internal abstract class ToolOption(string name, OptionGroup group, string help)
{
    /// <summary>Without the dashes in front.</summary>
    public string Name { get; } = name;

    /// <summary>As it is typed.</summary>
    public string Switch => "--" + Name;

    public OptionGroup Group { get; } = group;

    /// <summary>What it does, as a clause.</summary>
    public string Help { get; } = help;

    /// <summary>True when the reference does not have it.</summary>
    public bool IsNew { get; init; }

    /// <summary>Set for an option of a later version: what to use now, or the empty text.</summary>
    public string? NotYet { get; init; }

    /// <summary>True when it collects what it is given, so that it may stand for several arguments without a name.</summary>
    public abstract bool Collects { get; }

    /// <summary>True for a boolean, which may stand without a value.</summary>
    public abstract bool IsFlag { get; }

    /// <summary>What the option's name alone means; null when it needs a value.</summary>
    public abstract string? Bare { get; }

    /// <summary>The value where nobody gives one.</summary>
    public abstract object DefaultValue { get; }

    /// <summary>What the help calls the value.</summary>
    public abstract string Placeholder { get; }

    /// <summary>The default as the help shows it; empty for none.</summary>
    public abstract string DefaultText { get; }

    /// <summary>Reads a value, boxed.</summary>
    /// <exception cref="UsageException">It is not one; the message names the option, the text and what was expected.</exception>
    public abstract object Read(string text);

    /// <summary>The value of an option that is given twice.</summary>
    public abstract object Combine(object before, object after);

    /// <summary>The text of a value that <see cref="Read"/> gave.</summary>
    public abstract string Write(object value);
}

/// <summary>An option whose values are of type <typeparamref name="T"/>.</summary>
internal sealed class ToolOption<T>(
    string name, OptionGroup group, ValueKind<T> kind, T defaultValue, string help, string? shownDefault = null)
    : ToolOption(name, group, help)
    where T : notnull
{
    public T Default { get; } = defaultValue;

    public override bool IsFlag => kind is Flag;

    public override string? Bare => kind.Bare;

    public override object DefaultValue => Default;

    public override bool Collects => kind is TextList;

    public override string Placeholder => kind.Placeholder;

    public override string DefaultText => shownDefault ?? (IsFlag && Write(Default) == "false" ? "" : Write(Default));

    public override object Read(string text)
    {
        T value;
        try
        {
            value = kind.Parse(text);
        }
        catch (NotYetException exception)
        {
            throw new UsageException(
                $"{Switch}={text} is not in this version yet." + Sentence(exception.Instead));
        }
        catch (FormatException exception)
        {
            throw new UsageException($"{Switch}={text}: expected {exception.Message}.");
        }

        return NotYet is null || EqualityComparer<T>.Default.Equals(value, Default)
            ? value
            : throw new UsageException(
                (IsFlag ? Switch : $"{Switch}={text}") + " is not in this version yet." + Sentence(NotYet));
    }

    public override object Combine(object before, object after) => kind.Combine((T)before, (T)after);

    public override string Write(object value) => value is T typed
        ? kind.Format(typed)
        : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{Switch} does not hold {value}."));

    private static string Sentence(string text) => text.Length == 0 ? "" : " " + text;
}
