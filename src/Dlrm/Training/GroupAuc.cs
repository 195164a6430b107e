using System.Runtime.InteropServices;
using Dlrm.Data;

namespace Dlrm.Training;

/// <summary>AUC by group (GAUC): how well scores rank within a user's or a query's samples.</summary>
/// <param name="Groups">Groups of the test set.</param>
/// <param name="Ranked">Those with samples of both labels: a group of one label ranks nothing.</param>
/// <param name="Samples">Samples of the ranked groups.</param>
/// <param name="Value">Mean AUC of the ranked groups, weighted by their samples; null where there is none.</param>
public sealed record GroupAuc(long Groups, long Ranked, long Samples, double? Value);

/// <summary>Collects scores for <see cref="GroupAuc"/>, twelve bytes a sample.</summary>
/// <param name="source">Has groups; asked for them after a pass.</param>
public sealed class GroupMetrics(IGroupedSource source)
{
    private readonly List<float> _scores = [];
    private readonly List<bool> _positive = [];
    private bool _undefined;

    /// <summary>Forgets all samples.</summary>
    public void Reset()
    {
        _scores.Clear();
        _positive.Clear();
        _undefined = false;
    }

    /// <summary>Adds the samples of a batch, in the order of the pass.</summary>
    /// <param name="labels">(B); AUC is undefined where one is neither 0 nor 1.</param>
    /// <param name="scores">(B); AUC is undefined where one is not a number.</param>
    public void Add(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores)
    {
        _scores.AddRange(scores);
        foreach (float label in labels)
        {
            _positive.Add(label > 0.5f);
            _undefined |= label is not (0 or 1);
        }

        foreach (float score in scores)
        {
            _undefined |= float.IsNaN(score);
        }
    }

    /// <summary>The result for what was added. Groups are summed in ascending order.</summary>
    public GroupAuc Compute()
    {
        long[] groups = new long[_scores.Count];
        source.ReadGroups(0, groups);
        int[] order = [.. Enumerable.Range(0, groups.Length)];
        Span<float> scores = CollectionsMarshal.AsSpan(_scores);
        (long Group, float Score)[] keys = new (long, float)[groups.Length];
        for (int sample = 0; sample < keys.Length; sample++)
        {
            keys[sample] = (groups[sample], scores[sample]);
        }

        Array.Sort(keys, order);
        (long all, long ranked, long samples, double sum) = (0, 0, 0, 0);
        for (int first = 0; first < order.Length;)
        {
            int end = first + 1;
            while (end < order.Length && keys[end].Group == keys[first].Group)
            {
                end++;
            }

            all++;
            if (!_undefined && Rank(keys, order, first, end) is { } auc)
            {
                (ranked, samples, sum) = (ranked + 1, samples + end - first, sum + (auc * (end - first)));
            }

            first = end;
        }

        return new GroupAuc(all, ranked, samples, ranked > 0 ? sum / samples : null);
    }

    /// <summary>AUC of one group, ties counting a half: pairs are counted as whole numbers, doubled. Null for one label alone.</summary>
    private double? Rank((long Group, float Score)[] keys, int[] order, int first, int end)
    {
        (long positives, long negatives, long pairs) = (0, 0, 0);
        for (int tie = first; tie < end;)
        {
            (long up, long down) = (0, 0);
            float score = keys[tie].Score;
            for (; tie < end && keys[tie].Score == score; tie++)
            {
                (up, down) = _positive[order[tie]] ? (up + 1, down) : (up, down + 1);
            }

            pairs += up * ((2 * negatives) + down);
            (positives, negatives) = (positives + up, negatives + down);
        }

        return positives > 0 && negatives > 0 ? pairs / (2.0 * positives * negatives) : null;
    }
}
