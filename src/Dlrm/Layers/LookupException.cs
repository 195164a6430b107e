namespace Dlrm.Layers;

/// <summary>A batch whose lookups cannot be used: an index outside its table, or offsets that do not ascend.</summary>
/// <remarks>Thrown before any table is read or written.</remarks>
public sealed class LookupException : Exception
{
    private LookupException(string message, int table, int sample)
        : base(message)
    {
        Table = table;
        Sample = sample;
    }

    /// <summary>The table, from 0.</summary>
    public int Table { get; }

    /// <summary>The sample in the batch, from 0.</summary>
    public int Sample { get; }

    internal static LookupException OutOfRange(int table, int sample, int index, int rows)
        => new(
            $"Table {table}, sample {sample}: index {index} lies outside [0, {rows}), the rows of the table. Were the data prepared "
            + "for other table sizes, or with another --max-ind-range? Give --arch-embedding-size as large as the data need.",
            table,
            sample);

    internal static LookupException NotAscending(int table, int sample, int offset, int next)
        => new(
            $"Table {table}, sample {sample}: its bag runs from offset {offset} to {next}, but offsets must ascend. "
            + "Is the source of the batch broken?",
            table,
            sample);

    internal static LookupException NotFromZero(int table, int offset)
        => new(
            $"Table {table}, sample 0: the first offset is {offset}, expected 0. Is the source of the batch broken?", table, 0);
}
