namespace Dlrm.Training;

/// <summary>One point of a precision-recall curve.</summary>
/// <param name="Recall">Share of the positives at or above the threshold.</param>
/// <param name="Precision">Share of positives among the samples at or above the threshold.</param>
/// <param name="Threshold">The lowest score called positive.</param>
public readonly record struct PrecisionRecallPoint(double Recall, double Precision, double Threshold);

/// <summary>Precision over recall: its average as scikit-learn has it, and points to draw.</summary>
internal static class PrecisionRecallCurve
{
    private const int Steps = 256;

    /// <summary>Σ over descending thresholds of (gain in recall) · precision; there must be positives.</summary>
    public static double AveragePrecision(RankedScores scores)
    {
        var sum = default(CompensatedSum);
        long truePositives = 0;
        int place = scores.Count;
        while (place > 0)
        {
            TieGroup group = scores.Descend(ref place);
            truePositives += group.Positives;
            sum.Add((double)group.Positives / scores.Positives * truePositives / (scores.Count - place));
        }

        return sum.Value;
    }

    /// <summary>Points about 1/256 apart in recall, from the highest threshold down to all positives.</summary>
    public static PrecisionRecallPoint[] Points(RankedScores scores)
    {
        var points = new List<PrecisionRecallPoint>(Steps + 2);
        long truePositives = 0;
        double next = 0;
        int place = scores.Count;
        while (place > 0 && truePositives < scores.Positives)
        {
            TieGroup group = scores.Descend(ref place);
            truePositives += group.Positives;
            double recall = (double)truePositives / scores.Positives;
            if (recall >= next)
            {
                double precision = (double)truePositives / (scores.Count - place);
                points.Add(new PrecisionRecallPoint(recall, precision, group.Score));
                next = truePositives == scores.Positives ? 1 : (Math.Floor(recall * Steps) + 1) / Steps;
            }
        }

        return [.. points];
    }
}
