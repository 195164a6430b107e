namespace Dlrm.Data.Preprocessing;

/// <summary>Says to which part a row belongs, once all rows have been seen.</summary>
internal sealed class SplitAssigner
{
    private readonly SplitRule _rule;
    private readonly long[] _borders;
    private readonly int[] _partOfSource;

    /// <summary>Prepares the rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="rows">Rows of all files.</param>
    /// <param name="sources">The files.</param>
    /// <param name="keys">How often each time occurs, ascending; only for times by shares.</param>
    public SplitAssigner(SplitRule rule, long rows, IReadOnlyList<string> sources, SortedDictionary<long, long>? keys)
    {
        _rule = rule;
        _partOfSource = rule.Kind == SplitKind.File ? [.. sources.Select(rule.PartOfFile)] : [];
        _borders = rule.Kind switch
        {
            SplitKind.Fraction => rule.Borders(rows),
            SplitKind.Time when rule.Cuts.Count > 0 => [.. rule.Cuts.Select(Time)],
            SplitKind.Time => Cut(rule.Borders(rows), keys!),
            _ => [],
        };
    }

    /// <summary>The part of a row: an index into <see cref="SplitRule.Names"/>.</summary>
    /// <param name="block">Its block.</param>
    /// <param name="row">Its number there.</param>
    /// <param name="place">Where the block stands.</param>
    public int PartOf(RawBlock block, int row, SpoolBlock place) => _rule.Kind switch
    {
        SplitKind.None => 0,
        SplitKind.Fraction => AtOrAbove(place.FirstRow + row),
        SplitKind.Time => AtOrAbove(block.Keys![row]),
        SplitKind.Hash => _rule.PartOf(((ulong)block.Keys![row] >> 11) * (1.0 / (1L << 53))),
        _ => _partOfSource[place.Source],
    };

    private int AtOrAbove(long value)
    {
        int part = 0;
        while (part < _borders.Length && value >= _borders[part])
        {
            part++;
        }

        return part;
    }

    private static long Time(string text)
    {
        SplitRule.TryTime(System.Text.Encoding.UTF8.GetBytes(text), out long time);
        return time;
    }

    /// <summary>The times at which so many rows lie before; rows of one time stay together, in the later part.</summary>
    private static long[] Cut(long[] borders, SortedDictionary<long, long> keys)
    {
        var cuts = new long[borders.Length];
        Array.Fill(cuts, long.MaxValue);
        long before = 0;
        int cut = 0;
        foreach ((long key, long count) in keys)
        {
            while (cut < cuts.Length && before + count > borders[cut])
            {
                cuts[cut++] = key;
            }

            before += count;
        }

        return cuts;
    }
}
