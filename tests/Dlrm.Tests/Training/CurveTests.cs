using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class CurveTests
{
    [Fact]
    public void Roc_points_lie_on_the_exact_curve_and_its_ends_are_there()
    {
        (float[] scores, float[] labels) = MetricsAccumulatorTests.Draw(20000, 2, 1 << 24, 2);
        IReadOnlyList<RocPoint> roc = Curves(scores, labels).Roc;
        Assert.Equal(new RocPoint(0, 0, double.PositiveInfinity), roc[0]);
        Assert.Equal((1.0, 1.0), (roc[^1].FalsePositiveRate, roc[^1].TruePositiveRate));
        Assert.InRange(roc.Count, 200, 300);
        float positives = labels.Sum();
        for (int i = 1; i < roc.Count; i += 17)
        {
            int above = 0, positivesAbove = 0;
            for (int sample = 0; sample < scores.Length; sample++)
            {
                above += scores[sample] >= roc[i].Threshold ? 1 : 0;
                positivesAbove += scores[sample] >= roc[i].Threshold && labels[sample] == 1 ? 1 : 0;
            }

            Assert.Equal(positivesAbove / (double)positives, roc[i].TruePositiveRate);
            Assert.Equal((above - positivesAbove) / (double)(scores.Length - positives), roc[i].FalsePositiveRate);
        }
    }

    [Fact]
    public void Area_under_the_drawn_points_is_the_exact_area_to_drawing_accuracy()
    {
        (float[] scores, float[] labels) = MetricsAccumulatorTests.Draw(20000, 2, 1 << 24, 2);
        using var accumulator = new MetricsAccumulator();
        accumulator.Add(scores, labels);
        IReadOnlyList<RocPoint> roc = accumulator.ComputeCurves()!.Roc;
        double area = 0;
        for (int i = 1; i < roc.Count; i++)
        {
            area += (roc[i].FalsePositiveRate - roc[i - 1].FalsePositiveRate)
                * (roc[i].TruePositiveRate + roc[i - 1].TruePositiveRate) / 2;
        }

        Assert.Equal(accumulator.Compute().Auc!.Value, area, 1e-3);
    }

    [Fact]
    public void Few_samples_give_every_vertex()
    {
        EvaluationCurves curves = Curves([0.1f, 0.4f, 0.4f, 0.8f], [0, 0, 1, 1]);
        Assert.Equal(
            [new(0, 0, double.PositiveInfinity), new(0, 0.5, 0.8f), new(0.5, 1, 0.4f), new(1, 1, 0.1f)], curves.Roc);
        Assert.Equal([new(0.5, 1, 0.8f), new(1, 2.0 / 3, 0.4f)], curves.PrecisionRecall);
    }

    [Theory]
    [InlineData(0.5, 50, 50, 0.05802298395176402)]
    [InlineData(0.7667, 5545, 16055, 0.004013407020010962)]
    [InlineData(1.0, 3, 4, 0)]
    public void Standard_error_is_that_of_Hanley_and_McNeil(double area, long positives, long negatives, double expected)
        => Assert.Equal(expected, RocCurve.StandardError(area, positives, negatives), 1e-15);

    [Fact]
    public void Calibration_bins_share_the_samples_evenly_and_hold_true_rates()
    {
        (float[] scores, float[] labels) = MetricsAccumulatorTests.Draw(30000, 2, 1 << 24, 1);
        IReadOnlyList<CalibrationBin> bins = Curves(scores, labels).Calibration;
        Assert.Equal(15, bins.Count);
        Assert.Equal(30000, bins.Sum(bin => bin.Samples));
        Assert.Equal(labels.Sum(), bins.Sum(bin => bin.LabelRate * bin.Samples), 1e-6);
        Assert.All(bins, bin => Assert.InRange(bin.Samples, 1990, 2010));
        Assert.All(bins, bin => Assert.InRange(bin.LabelRate, bin.Low, bin.High));

        // Labels were drawn with the score as their probability, so the intervals cover it, but for chance.
        Assert.InRange(bins.Count(bin => bin.Low <= bin.MeanScore && bin.MeanScore <= bin.High), 13, 15);
    }

    [Fact]
    public void Calibration_does_not_part_ties()
    {
        float[] scores = [.. Enumerable.Repeat(0.25f, 300), .. Enumerable.Repeat(0.75f, 100)];
        float[] labels = [.. Enumerable.Range(0, 400).Select(i => i % 4 == 0 ? 1f : 0f)];
        IReadOnlyList<CalibrationBin> bins = Curves(scores, labels).Calibration;
        Assert.Equal([(300, 0.25, 0.25), (100, 0.75, 0.25)], bins.Select(bin => (bin.Samples, bin.MeanScore, bin.LabelRate)));
    }

    [Theory]
    [InlineData(0, 10, 0, 0.2775327998628892)]
    [InlineData(5, 10, 0.2365930905125640, 0.7634069094874360)]
    [InlineData(10, 10, 0.7224672001371107, 1)]
    public void Wilson_interval_has_the_known_values(long positives, long samples, double low, double high)
    {
        (double Low, double High) interval = CalibrationCurve.Wilson(positives, samples);
        Assert.Equal(low, interval.Low, 1e-12);
        Assert.Equal(high, interval.High, 1e-12);
    }

    [Fact]
    public void Histogram_counts_every_sample_once()
    {
        (float[] scores, float[] labels) = MetricsAccumulatorTests.Draw(5000, 2, 1 << 24, 1);
        ScoreHistogram histogram = Curves(scores, labels).Scores;
        Assert.Equal(1, histogram.Upper);
        Assert.Equal(0.025, histogram.Width);
        Assert.Equal(labels.Sum(), histogram.Positives.Sum());
        Assert.Equal(5000 - labels.Sum(), histogram.Negatives.Sum());
        int inFirst = scores.Count(score => score < 0.025f);
        Assert.Equal(inFirst, histogram.Positives[0] + histogram.Negatives[0]);
    }

    [Fact]
    public void Histogram_of_low_scores_zooms_in_and_its_last_bin_takes_the_rest()
    {
        float[] scores = [.. Enumerable.Range(0, 999).Select(i => i / 100000f), 0.9f];
        float[] labels = [.. Enumerable.Range(0, 1000).Select(i => i % 10 == 9 ? 1f : 0f)];
        ScoreHistogram histogram = Curves(scores, labels).Scores;
        Assert.Equal(0.01, histogram.Upper);
        Assert.Equal(1000, histogram.Positives.Sum() + histogram.Negatives.Sum());
        Assert.True(histogram.Positives[^1] >= 1);
    }

    [Fact]
    public void A_constant_score_draws_one_diagonal_one_bin_and_one_bar()
    {
        EvaluationCurves curves = Curves([.. Enumerable.Repeat(0.3f, 100)], [.. Enumerable.Range(0, 100).Select(i => i % 2f)]);
        Assert.Equal(2, curves.Roc.Count);
        Assert.Single(curves.Calibration);
        Assert.Equal(50, curves.Scores.Positives.Max());
    }

    [Fact]
    public void Without_both_classes_there_are_no_curves()
    {
        using var accumulator = new MetricsAccumulator();
        Assert.Null(accumulator.ComputeCurves());
        accumulator.Add([0.5f, 0.3f], [1, 1]);
        Assert.Null(accumulator.ComputeCurves());
        accumulator.Add([0.5f], [0.5f]);
        Assert.Null(accumulator.ComputeCurves());
    }

    private static EvaluationCurves Curves(float[] scores, float[] labels)
    {
        using var accumulator = new MetricsAccumulator();
        accumulator.Add(scores, labels);
        return accumulator.ComputeCurves()!;
    }
}
