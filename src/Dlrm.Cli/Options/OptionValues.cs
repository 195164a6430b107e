namespace Dlrm.Cli.Options;

/// <summary>
/// The values of a command's options in layers: the command line, then the file of --config, then a preset, then defaults.
/// </summary>
internal sealed class OptionValues
{
    private readonly IReadOnlyDictionary<ToolOption, object> _commandLine;
    private readonly IReadOnlyDictionary<ToolOption, object> _file;
    private readonly IReadOnlyDictionary<ToolOption, object> _preset;

    public OptionValues(
        IReadOnlyList<ToolOption> options,
        IReadOnlyDictionary<ToolOption, object> commandLine,
        IReadOnlyDictionary<ToolOption, object>? file = null,
        IReadOnlyDictionary<ToolOption, object>? preset = null)
    {
        Options = options;
        _commandLine = commandLine;
        _file = file ?? new Dictionary<ToolOption, object>();
        _preset = preset ?? new Dictionary<ToolOption, object>();
    }

    /// <summary>The options that the command takes.</summary>
    public IReadOnlyList<ToolOption> Options { get; }

    /// <summary>The value of an option.</summary>
    public T Get<T>(ToolOption<T> option)
        where T : notnull
        => (T)(Find(option) ?? option.Default);

    /// <summary>The value of a whole-number option.</summary>
    public int GetInt(ToolOption<long> option) => checked((int)Get(option));

    /// <summary>True when the command line or the file of --config names it.</summary>
    public bool IsGiven(ToolOption option) => _commandLine.ContainsKey(option) || _file.ContainsKey(option);

    /// <summary>The same with other values below those given.</summary>
    public OptionValues WithPreset(IReadOnlyDictionary<ToolOption, object> preset) =>
        new(Options, _commandLine, _file, preset);

    /// <summary>The same with other values below those given and above those of the preset so far.</summary>
    public OptionValues WithPresetOver(IReadOnlyDictionary<ToolOption, object> preset)
    {
        var both = new Dictionary<ToolOption, object>(_preset);
        foreach ((ToolOption option, object value) in preset)
        {
            both[option] = value;
        }

        return WithPreset(both);
    }

    /// <summary>The same with other values above all, as if the command line named them.</summary>
    public OptionValues With(IEnumerable<KeyValuePair<ToolOption, object>> given)
    {
        var commandLine = new Dictionary<ToolOption, object>(_commandLine);
        foreach ((ToolOption option, object value) in given)
        {
            commandLine[option] = value;
        }

        return new OptionValues(Options, commandLine, _file, _preset);
    }

    /// <summary>Every option that does not have its default value, with its value: what it takes to repeat a run.</summary>
    public IEnumerable<(ToolOption Option, object Value)> Set()
    {
        foreach (ToolOption option in Options)
        {
            if (Find(option) is { } value)
            {
                yield return (option, value);
            }
        }
    }

    /// <summary>The value of an option as it would be typed.</summary>
    public string Text(ToolOption option) => option.Write(Find(option) ?? option.DefaultValue);

    private object? Find(ToolOption option) =>
        _commandLine.GetValueOrDefault(option) ?? _file.GetValueOrDefault(option) ?? _preset.GetValueOrDefault(option);
}
