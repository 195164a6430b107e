using Dlrm.Data.Lines;

namespace Dlrm.Data.Preprocessing;

/// <content>Rows field by field, for those who encode them at once.</content>
internal sealed partial class DelimitedParser
{
    /// <summary>Finds the fields of the row at a place, and moves the place behind it.</summary>
    /// <param name="block">The text; escapes are taken out of it in place.</param>
    /// <param name="position">Where the row begins; then where the next one does.</param>
    /// <param name="lines">Lines before it; then those before the next one.</param>
    /// <param name="zeros">True when the block has zero bytes.</param>
    /// <returns>What is wrong with the row; null when it has the header's fields.</returns>
    public BadLine? NextRow(TextBlock block, ref int position, ref int lines, bool zeros)
    {
        Span<byte> text = block.Bytes.AsSpan(0, block.Length);
        int start = position;
        int line = lines + 1;
        int fields = FindFields(text, ref position, out int lineFeeds);
        lines += 1 + lineFeeds;
        return DefectOfRow(text[start..(position - 1)], fields, line, zeros);
    }

    /// <summary>A field of the row that <see cref="NextRow"/> found.</summary>
    public ReadOnlySpan<byte> Field(TextBlock block, int field) => Field(block.Bytes.AsSpan(0, block.Length), field);
}
