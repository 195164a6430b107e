namespace Dlrm.Training;

/// <summary>One point of a ROC curve.</summary>
/// <param name="FalsePositiveRate">Share of the negatives at or above the threshold.</param>
/// <param name="TruePositiveRate">Share of the positives at or above the threshold.</param>
/// <param name="Threshold">The lowest score called positive; infinite at (0, 0).</param>
public readonly record struct RocPoint(double FalsePositiveRate, double TruePositiveRate, double Threshold);

/// <summary>The receiver operating characteristic: its area, the area's standard error, and points to draw.</summary>
public static class RocCurve
{
    private const int Steps = 256;

    /// <summary>Standard error of an area under the ROC curve.</summary>
    /// <remarks>
    /// Hanley and McNeil 1982: (A(1 − A) + (P − 1)(Q₁ − A²) + (N − 1)(Q₂ − A²)) / (P·N) is the variance, with
    /// Q₁ = A/(2 − A) and Q₂ = 2A²/(1 + A).
    /// </remarks>
    /// <param name="area">A, in [0, 1].</param>
    /// <param name="positives">P, 1 or more.</param>
    /// <param name="negatives">N, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A class is empty or the area lies outside [0, 1].</exception>
    public static double StandardError(double area, long positives, long negatives)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positives, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(negatives, 1);
        if (area is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(area), area, "An area under a ROC curve lies in [0, 1].");
        }

        double square = area * area;
        double twoPositives = (area / (2 - area)) - square;
        double twoNegatives = (2 * square / (1 + area)) - square;
        double variance = ((area * (1 - area)) + ((positives - 1.0) * twoPositives) + ((negatives - 1.0) * twoNegatives))
            / positives / negatives;
        return Math.Sqrt(Math.Max(0, variance));
    }

    /// <summary>
    /// The share of (positive, negative) pairs in which the positive scores higher, ties counting a half: counted in
    /// integers, divided once. Null when a class is empty.
    /// </summary>
    internal static double? Area(RankedScores scores)
    {
        if (scores.Positives == 0 || scores.Negatives == 0)
        {
            return null;
        }

        long twicePairs = 0; // At most 2·2³⁰·2³⁰.
        long negativesBelow = 0;
        int place = 0;
        while (place < scores.Count)
        {
            TieGroup group = scores.Ascend(ref place);
            twicePairs += group.Positives * ((2 * negativesBelow) + group.Negatives);
            negativesBelow += group.Negatives;
        }

        return twicePairs / (2.0 * scores.Positives * scores.Negatives);
    }

    /// <summary>Vertices of the curve about 1/128 apart along it (in the sum of both rates), its ends included.</summary>
    internal static RocPoint[] Points(RankedScores scores)
    {
        var points = new List<RocPoint>(Steps + 2) { new(0, 0, double.PositiveInfinity) };
        long truePositives = 0;
        long falsePositives = 0;
        double next = 0;
        int place = scores.Count;
        while (place > 0)
        {
            TieGroup group = scores.Descend(ref place);
            truePositives += group.Positives;
            falsePositives += group.Negatives;
            double trueRate = (double)truePositives / scores.Positives;
            double falseRate = (double)falsePositives / scores.Negatives;
            if (trueRate + falseRate >= next || place == 0)
            {
                points.Add(new RocPoint(falseRate, trueRate, group.Score));
                next = (Math.Floor((trueRate + falseRate) * (Steps / 2.0)) + 1) / (Steps / 2.0);
            }
        }

        return [.. points];
    }
}
