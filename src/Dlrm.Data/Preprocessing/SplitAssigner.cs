namespace Dlrm.Data.Preprocessing;

/// <summary>Says to which part a row belongs, once all rows have been seen.</summary>
internal sealed class SplitAssigner
{
    private readonly SplitRule _rule;
    private readonly long[] _borders;
    private readonly int[] _partOfSource;
    private readonly DayBorder _day;

    /// <summary>Prepares the rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="rows">Rows of all files.</param>
    /// <param name="sources">The files.</param>
    /// <param name="reader">Reads all rows, where their times decide.</param>
    public SplitAssigner(SplitRule rule, long rows, IReadOnlyList<string> sources, SpoolReader reader)
    {
        _rule = rule;
        _day = rule.Kind == SplitKind.Day ? DayBorder.Find(reader) : default;
        _partOfSource = rule.Kind == SplitKind.File ? [.. sources.Select(rule.PartOfFile)] : [];
        _borders = rule.Kind switch
        {
            SplitKind.Fraction => rule.Borders(rows),
            SplitKind.Time when rule.Cuts.Count > 0 => [.. rule.Cuts.Select(Time)],
            SplitKind.Time => Cut(rule.Borders(rows), CountKeys(reader)),
            _ => [],
        };
    }

    /// <summary>Parts that there may be.</summary>
    public int Parts => _rule.Parts;

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> PartNames => _rule.PartNames;

    /// <summary>The part of a row: an index into <see cref="SplitRule.PartNames"/>.</summary>
    /// <param name="block">Its block.</param>
    /// <param name="row">Its number there.</param>
    /// <param name="place">Where the block stands.</param>
    public int PartOf(RawBlock block, int row, SpoolBlock place) => _rule.Kind switch
    {
        SplitKind.None => 0,
        SplitKind.Fraction => AtOrAbove(place.FirstRow + row),
        SplitKind.Time => AtOrAbove(block.Keys![row]),
        SplitKind.Day => _day.PartOf(block.Keys![row], place.FirstRow + row),
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

    /// <summary>How often each time occurs, ascending.</summary>
    private static SortedDictionary<long, long> CountKeys(SpoolReader reader)
    {
        var counts = new Dictionary<long, long>();
        reader.Run(0, _ => { }, _ => { }, () =>
        {
            foreach (RawBlock block in reader.Blocks.AsSpan(0, reader.Count))
            {
                foreach (long key in block.Keys.AsSpan(0, block.Rows))
                {
                    counts[key] = counts.GetValueOrDefault(key) + 1;
                }
            }
        });
        return new SortedDictionary<long, long>(counts);
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
