namespace Dlrm.Cli.Options;

/// <summary>Words with commas between.</summary>
internal sealed record Words(string Placeholder) : ValueKind<IReadOnlyList<string>>(Placeholder)
{
    public override IReadOnlyList<string> Parse(string text)
    {
        string[] words = text.Split(',', StringSplitOptions.TrimEntries);
        return words.All(word => word.Length > 0) ? words : throw new FormatException("names with commas between");
    }

    public override string Format(IReadOnlyList<string> value) => string.Join(',', value);
}
