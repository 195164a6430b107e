namespace Dlrm.Cli.Options;

/// <summary>Texts, one each time the option is given.</summary>
internal sealed record TextList(string Placeholder) : ValueKind<IReadOnlyList<string>>(Placeholder)
{
    public override IReadOnlyList<string> Parse(string text) => text.Length > 0 ? [text] : throw new FormatException("some text");

    public override string Format(IReadOnlyList<string> value) => string.Join(' ', value);

    public override IReadOnlyList<string> Combine(IReadOnlyList<string> before, IReadOnlyList<string> after) => [.. before, .. after];
}
