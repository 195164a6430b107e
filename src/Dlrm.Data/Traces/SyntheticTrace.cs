using Dlrm.Random;

namespace Dlrm.Data.Traces;

/// <summary>Draws accesses with the stack distances of a trace: the reference's trace_generate_lru, O(log n) an access.</summary>
internal sealed class SyntheticTrace
{
    private readonly int[] _distances;
    private readonly double[] _cumulative;
    private readonly bool _padding;
    private readonly RecencyList _list;
    private readonly int[] _moves;

    /// <summary>A generator.</summary>
    /// <param name="source">What to draw.</param>
    /// <param name="padding">No new row once all have been seen.</param>
    /// <param name="together">Most accesses that <see cref="Draw"/> is asked for.</param>
    public SyntheticTrace(StackDistances source, bool padding, int together)
    {
        _distances = [.. source.Distances];
        _cumulative = [.. source.Cumulative];
        _padding = padding;
        _list = new RecencyList([.. source.Rows], together);
        _moves = new int[together];
    }

    /// <summary>Draws accesses, from the state at the beginning: every call begins anew.</summary>
    /// <param name="random">One uniform number an access is taken.</param>
    /// <param name="accesses">Out: rows.</param>
    public void Draw(NumpyRandom random, Span<ulong> accesses)
    {
        int seen = 0;
        for (int access = 0; access < accesses.Length; access++)
        {
            int distance = DrawDistance(random.NextDouble(), seen);
            seen += distance == 0 ? 1 : 0;
            int slot = _list.Slot(distance == 0 ? 0 : _list.Count - distance);
            _moves[access] = slot;
            accesses[access] = _list.MoveToEnd(slot).Value;
        }

        for (int access = accesses.Length - 1; access >= 0; access--)
        {
            _list.MoveBack(_moves[access]);
        }
    }

    /// <summary>
    /// While fewer rows were seen than the largest distance, only distances that can be; with padding, no new row afterwards.
    /// </summary>
    private int DrawDistance(double u, int seen)
    {
        if (seen < _distances[^1])
        {
            // As in the reference, the last share where no distance is so small.
            int place = UpperBound(seen) - 1;
            u *= _cumulative[place < 0 ? _cumulative.Length - 1 : place];
        }
        else if (_padding)
        {
            u = ((1.0 - _cumulative[0]) * u) + _cumulative[0];
        }

        // The first share that reaches u; sums of shares may end a little below 1.
        int index = Array.BinarySearch(_cumulative, u);
        if (index < 0)
        {
            index = Math.Min(~index, _cumulative.Length - 1);
        }

        while (index > 0 && _cumulative[index - 1] >= u)
        {
            index--;
        }

        return _distances[index];
    }

    private int UpperBound(int value)
    {
        int index = Array.BinarySearch(_distances, value);
        return index < 0 ? ~index : index + 1;
    }
}
