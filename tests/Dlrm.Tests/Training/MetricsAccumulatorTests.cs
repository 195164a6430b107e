using CsCheck;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class MetricsAccumulatorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Equals_scikit_learn_on_the_golden_checks(int number)
    {
        ScikitLearnCase expected = ScikitLearnCases.All[number];
        EvaluationMetrics metrics = Compute(expected.Scores, expected.LabelValues);
        Assert.Equal(200, metrics.Samples);
        Assert.Equal(expected.RocAuc, metrics.Auc!.Value, 1e-12);
        Assert.Equal(expected.AveragePrecision, metrics.AveragePrecision!.Value, 1e-12);
        Assert.Equal(expected.Precision, metrics.Precision!.Value, 1e-12);
        Assert.Equal(expected.Recall, metrics.Recall!.Value, 1e-12);
        Assert.Equal(expected.F1, metrics.F1!.Value, 1e-12);
        Assert.Equal(expected.Accuracy, metrics.Accuracy, 1e-12);
        Assert.Equal(expected.LogLoss, metrics.LogLoss!.Value, 1e-7); // Our scores are float32, the check's float64.
        Assert.Null(metrics.Undefined);
    }

    /// <summary>The figures are printed by metrics_oracle.py.</summary>
    [Theory]
    [InlineData(50, 1, 16, 1, 0.8341384863123994, 0.7779441453276579, 0.7857142857142857, 0.8148148148148148, 0.7999999999999999, 0.78, 0.47399098726808603)]
    [InlineData(10000, 2, 16777216, 1, 0.8327060621906914, 0.8333016066719408, 0.7457865168539326, 0.750605815831987, 0.7481884057971014, 0.7498, 0.49921077602299474)]
    [InlineData(10000, 3, 64, 2, 0.8731332241592413, 0.7697160934594643, 0.5798841059602649, 0.8610940381069453, 0.6930497155577542, 0.7518, 0.4977418691505779)]
    [InlineData(10000, 4, 1024, 6, 0.9385821020662928, 0.7283103505885231, 0.28259551243177683, 0.9950177935943061, 0.44017632241813603, 0.6444, 0.650510341345924)]
    public void Equals_scikit_learn_on_drawn_samples(
        int samples, uint seed, uint levels, int power, double auc, double averagePrecision, double precision,
        double recall, double f1, double accuracy, double logLoss)
    {
        (float[] scores, float[] labels) = Draw(samples, seed, levels, power);
        EvaluationMetrics metrics = Compute(scores, labels);
        Assert.Equal(auc, metrics.Auc!.Value, 1e-12);
        Assert.Equal(averagePrecision, metrics.AveragePrecision!.Value, 1e-12);
        Assert.Equal(precision, metrics.Precision!.Value, 1e-12);
        Assert.Equal(recall, metrics.Recall!.Value, 1e-12);
        Assert.Equal(f1, metrics.F1!.Value, 1e-12);
        Assert.Equal(accuracy, metrics.Accuracy, 1e-12);
        Assert.Equal(logLoss, metrics.LogLoss!.Value, 1e-12);
    }

    [Fact]
    public void Batches_of_any_size_give_the_same_bits()
    {
        (float[] scores, float[] labels) = Draw(5000, 7, 512, 2);
        EvaluationMetrics whole = Compute(scores, labels);
        Gen.Int[1, 700].Sample(
            size =>
            {
                using var accumulator = new MetricsAccumulator();
                for (int start = 0; start < scores.Length; start += size)
                {
                    int length = Math.Min(size, scores.Length - start);
                    accumulator.Add(scores.AsSpan(start, length), labels.AsSpan(start, length));
                }

                return accumulator.Compute() == whole;
            },
            iter: 20);
    }

    [Fact]
    public void Area_equals_a_count_over_all_pairs()
    {
        Gen.Select(Gen.Int[0, 9], Gen.Bool).Array[2, 60].Sample(samples =>
        {
            float[] scores = [.. samples.Select(sample => sample.Item1 / 9f)];
            float[] labels = [.. samples.Select(sample => sample.Item2 ? 1f : 0f)];
            double wins = 0;
            long pairs = 0;
            for (int i = 0; i < labels.Length; i++)
            {
                for (int j = 0; j < labels.Length; j++)
                {
                    if (labels[i] == 1 && labels[j] == 0)
                    {
                        pairs++;
                        wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                    }
                }
            }

            double? area = Compute(scores, labels).Auc;
            return pairs == 0 ? area is null : area == wins / pairs;
        });
    }

    [Fact]
    public void Adding_after_a_computation_goes_on_where_it_was()
    {
        (float[] scores, float[] labels) = Draw(3000, 5, 100, 2);
        using var accumulator = new MetricsAccumulator();
        accumulator.Add(scores.AsSpan(0, 1700), labels.AsSpan(0, 1700));
        accumulator.Compute();
        accumulator.Compute();
        accumulator.Add(scores.AsSpan(1700), labels.AsSpan(1700));
        Assert.Equal(Compute(scores, labels), accumulator.Compute());
    }

    [Fact]
    public void Reset_forgets_everything()
    {
        (float[] scores, float[] labels) = Draw(300, 5, 100, 2);
        using var accumulator = new MetricsAccumulator();
        accumulator.Add([float.NaN, 0.3f], [0.5f, 1]);
        accumulator.Reset();
        Assert.Equal(0, accumulator.Samples);
        accumulator.Add(scores, labels);
        Assert.Equal(Compute(scores, labels), accumulator.Compute());
    }

    [Fact]
    public void A_warm_pass_allocates_nothing_while_adding()
    {
        (float[] scores, float[] labels) = Draw(3000, 5, 100, 2);
        using var accumulator = new MetricsAccumulator();
        accumulator.Add(scores, labels);
        accumulator.Reset();
        long before = GC.GetAllocatedBytesForCurrentThread();
        accumulator.Add(scores, labels);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Mean_score_calibration_and_normalized_entropy_follow_their_definitions()
    {
        EvaluationMetrics metrics = Compute([0.25f, 0.5f, 0.75f, 0.5f], [0, 0, 1, 0]);
        double logLoss = -(Math.Log(0.75) + Math.Log(0.5) + Math.Log(0.75) + Math.Log(0.5)) / 4;
        double entropy = -((0.25 * Math.Log(0.25)) + (0.75 * Math.Log(0.75)));
        Assert.Equal(0.25, metrics.LabelRate);
        Assert.Equal(0.5, metrics.MeanScore);
        Assert.Equal(2, metrics.Calibration);
        Assert.Equal(logLoss, metrics.LogLoss!.Value, 1e-15);
        Assert.Equal(entropy, metrics.BaselineLogLoss!.Value, 1e-15);
        Assert.Equal(logLoss / entropy, metrics.NormalizedEntropy!.Value, 1e-15);
        Assert.Equal(0.25, metrics.MinScore);
        Assert.Equal(0.75, metrics.MaxScore);
        Assert.Equal((1, 3), (metrics.Positives, metrics.Negatives));
    }

    [Fact]
    public void A_score_of_a_half_counts_as_negative_as_numpy_rounds()
    {
        EvaluationMetrics metrics = Compute([0.5f, 0.5f, MathF.BitIncrement(0.5f)], [0, 1, 1]);
        Assert.Equal(2.0 / 3, metrics.Accuracy, 1e-15);
        Assert.Equal(0.5, metrics.Recall);
        Assert.Equal(1, metrics.Precision);
    }

    [Fact]
    public void Logarithms_are_no_less_than_minus_a_hundred_as_in_PyTorch()
    {
        Assert.Equal(50, Compute([0, 0], [1, 0]).LogLoss);
        Assert.Equal(100, Compute([1], [0]).LogLoss);
        Assert.Equal(100, Compute([float.Epsilon], [1]).LogLoss);
    }

    [Fact]
    public void Minus_zero_ranks_as_zero() => Assert.Equal(0.5, Compute([-0f, 0f, 0f, -0f], [0, 1, 0, 1]).Auc);

    [Fact]
    public void An_empty_set_is_undefined()
    {
        EvaluationMetrics metrics = Compute([], []);
        Assert.Equal("the set has no samples", metrics.Undefined);
        Assert.Equal((0, 0.0, 0.0), (metrics.Samples, metrics.Accuracy, metrics.LabelRate));
        Assert.Null(metrics.LogLoss);
        Assert.Null(metrics.MeanScore);
        Assert.Null(metrics.Auc);
        Assert.Null(metrics.AveragePrecision);
        Assert.Null(metrics.F1);
        Assert.Null(metrics.Calibration);
        Assert.Null(metrics.AucStandardError);
    }

    [Fact]
    public void One_class_leaves_ranking_undefined_and_the_rest_defined()
    {
        EvaluationMetrics zeros = Compute([0.2f, 0.7f], [0, 0]);
        Assert.Equal("all 2 labels are 0", zeros.Undefined);
        Assert.Null(zeros.Auc);
        Assert.Null(zeros.AveragePrecision);
        Assert.Null(zeros.NormalizedEntropy);
        Assert.Null(zeros.Calibration);
        Assert.Null(zeros.BaselineLogLoss);
        Assert.Equal(0.5, zeros.Accuracy);
        Assert.Equal((0.0, 0.0, 0.0), (zeros.Precision, zeros.Recall, zeros.F1));
        Assert.Equal(-(Math.Log(1.0 - 0.2f) + Math.Log(1.0 - 0.7f)) / 2, zeros.LogLoss!.Value, 1e-15);

        EvaluationMetrics ones = Compute([0.2f, 0.7f], [1, 1]);
        Assert.Equal("all 2 labels are 1", ones.Undefined);
        Assert.Null(ones.Auc);
        Assert.Equal(1, ones.AveragePrecision!.Value, 1e-15);
        Assert.Equal(0.5, ones.Recall);
        Assert.Equal(0.45, ones.Calibration!.Value, 1e-7);
    }

    [Fact]
    public void Fractional_labels_keep_accuracy_and_loss_and_leave_ranking_undefined()
    {
        EvaluationMetrics metrics = Compute([0.25f, 0.9f, 0.1f], [0.5f, 1, 0]);
        Assert.Equal("1 of 3 labels are neither 0 nor 1", metrics.Undefined);
        Assert.Equal(2.0 / 3, metrics.Accuracy, 1e-15);
        Assert.Equal(0.5, metrics.LabelRate);
        double expected = -((0.5 * Math.Log(0.25)) + (0.5 * Math.Log(0.75)) + Math.Log(0.9f) + Math.Log(1 - (double)0.1f)) / 3;
        Assert.Equal(expected, metrics.LogLoss!.Value, 1e-15);
        Assert.Null(metrics.Auc);
        Assert.Null(metrics.Precision);
        Assert.Null(metrics.NormalizedEntropy);
        Assert.Null(metrics.Positives);
    }

    [Fact]
    public void A_score_that_is_no_number_makes_scores_undefined_and_counts_as_wrong()
    {
        EvaluationMetrics metrics = Compute([float.NaN, 0.9f], [0, 1]);
        Assert.Equal("1 of 2 scores are not numbers", metrics.Undefined);
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Null(metrics.LogLoss);
        Assert.Null(metrics.MeanScore);
        Assert.Null(metrics.Auc);
        Assert.Null(metrics.MaxScore);
    }

    [Fact]
    public void What_lies_outside_the_unit_interval_is_refused_with_its_place()
    {
        using var accumulator = new MetricsAccumulator();
        accumulator.Add([0.5f], [1]);
        Assert.Contains("Score 1.5 of sample 1", Assert.Throws<ArgumentException>(() => accumulator.Add([1.5f], [1])).Message);
        Assert.Contains("Label -1 of sample 1", Assert.Throws<ArgumentException>(() => accumulator.Add([0.5f], [-1])).Message);
        Assert.Contains("Label NaN", Assert.Throws<ArgumentException>(() => accumulator.Add([0.5f], [float.NaN])).Message);
        Assert.Contains("1 scores, but 2 labels", Assert.Throws<ArgumentException>(() => accumulator.Add([0.5f], [1, 0])).Message);
        Assert.Equal(1, accumulator.Samples);
    }

    internal static (float[] Scores, float[] Labels) Draw(int samples, uint seed, uint levels, int power)
    {
        uint state = seed;
        float[] scores = new float[samples];
        float[] labels = new float[samples];
        for (int sample = 0; sample < samples; sample++)
        {
            state = (state * 1664525) + 1013904223;
            double score = (double)((state >> 8) % levels) / levels;
            state = (state * 1664525) + 1013904223;
            scores[sample] = (float)score;
            labels[sample] = (state >> 8) / 16777216.0 < Math.Pow(score, power) ? 1 : 0;
        }

        return (scores, labels);
    }

    private static EvaluationMetrics Compute(float[] scores, float[] labels)
    {
        using var accumulator = new MetricsAccumulator();
        accumulator.Add(scores, labels);
        return accumulator.Compute();
    }
}
