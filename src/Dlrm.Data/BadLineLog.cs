namespace Dlrm.Data;

/// <summary>Receives bad lines: throws on the first, or counts them by reason and keeps the first few.</summary>
internal sealed class BadLineLog(string file, OnBadLine onBadLine)
{
    /// <summary>How many bad lines are described in full.</summary>
    public const int ExamplesKept = 5;

    private readonly SortedDictionary<BadLineReason, long> _counts = [];
    private readonly List<string> _examples = [];

    /// <summary>Lines left out, by reason.</summary>
    public IReadOnlyDictionary<BadLineReason, long> Counts => _counts;

    /// <summary>The first few, described.</summary>
    public IReadOnlyList<string> Examples => _examples;

    /// <summary>Lines left out.</summary>
    public long Total { get; private set; }

    /// <summary>Takes a bad line.</summary>
    /// <param name="line">Where, and what.</param>
    /// <exception cref="BadDataException">Bad lines are errors.</exception>
    public void Add(in BadLine line)
    {
        if (onBadLine == OnBadLine.Error)
        {
            throw new BadDataException(file, line);
        }

        Total++;
        _counts[line.Reason] = _counts.GetValueOrDefault(line.Reason) + 1;
        if (_examples.Count < ExamplesKept)
        {
            _examples.Add(line.Describe());
        }
    }
}
