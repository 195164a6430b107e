namespace Dlrm.Data.Lines;

/// <summary>What a <see cref="TextBlock"/> holds.</summary>
internal enum TextBlockKind
{
    /// <summary>Whole lines, each ended by a line feed.</summary>
    Lines,

    /// <summary>The start of one line that is longer than a block; the rest of it was dropped.</summary>
    OverlongLine,

    /// <summary>The unfinished line at which a truncated file breaks off; nothing follows.</summary>
    Break,
}

/// <summary>A piece of text of at most <see cref="Capacity"/> bytes, with readable room behind it.</summary>
internal sealed class TextBlock
{
    /// <summary>Small enough that the text and what is made of it stay in the second-level cache.</summary>
    public const int Capacity = 1 << 18;

    /// <summary>A parser may read (not use) this many bytes past the end.</summary>
    public const int Padding = 32;

    /// <summary>The bytes; those from <see cref="Length"/> on have no meaning.</summary>
    public byte[] Bytes { get; } = new byte[Capacity + Padding];

    /// <summary>Bytes of text.</summary>
    public int Length { get; set; }

    /// <summary>Bytes of text before this block's that were dropped: the rest of an overlong line.</summary>
    public long Dropped { get; set; }

    /// <summary>What it is.</summary>
    public TextBlockKind Kind { get; set; }

    /// <summary>The text.</summary>
    public ReadOnlySpan<byte> Text => Bytes.AsSpan(0, Length);
}
