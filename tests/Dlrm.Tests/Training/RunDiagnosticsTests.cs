using Dlrm.Data;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Training;

public sealed class RunDiagnosticsTests
{
    private const int Dense = 3;
    private const int Tables = 2;

    private static readonly RunFacts s_facts = new() { DenseFeatures = Dense, Tables = Tables };

    [Fact]
    public void A_sound_run_hears_nothing()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        Assert.Empty(diagnostics.Started());
        using Batch batch = NewBatch();
        for (int step = 1; step <= 100; step++)
        {
            Fill(batch, step);
            Assert.Empty(diagnostics.Observe(batch));
            Assert.Empty(diagnostics.Trained(Interval(step, 0.7 - (0.002 * step))));
            Assert.Empty(diagnostics.Evaluated(Evaluation(step, 0.6 + (0.002 * step))));
        }

        Assert.False(diagnostics.WantsBatches);
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void Random_data_are_named_when_training_starts_and_excuse_a_chance_AUC()
    {
        var diagnostics = new RunDiagnostics(s_facts with { RandomLabels = true });
        Assert.StartsWith("The data are random: labels do not depend", Assert.Single(diagnostics.Started()));
        Assert.Empty(diagnostics.Evaluated(Evaluation(1, 0.5)));
        Assert.Empty(diagnostics.Evaluated(Evaluation(2, 0.5)));
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void A_constant_output_is_told_once_with_the_rate()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        diagnostics.Trained(Interval(200, 0.5, rate: 1.0));
        EvaluationRecord constant = Evaluation(200, 0.5, least: 0.25, greatest: 0.25);
        string finding = Assert.Single(diagnostics.Evaluated(constant));
        Assert.StartsWith("All 21600 test scores are 0.2567 at step 200: the output does not depend on the input.", finding);
        Assert.Contains("learning rate that is too high (1)", finding);
        Assert.Contains("Try 0.1,", finding);
        Assert.Empty(diagnostics.Evaluated(constant));
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void A_chance_AUC_is_told_when_it_happens_twice_in_a_row()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        diagnostics.Trained(Interval(100, 0.5, rate: 1.0));
        Assert.Empty(diagnostics.Evaluated(Evaluation(100, 0.503)));
        Assert.Empty(diagnostics.Evaluated(Evaluation(200, 0.6)));
        Assert.Empty(diagnostics.Evaluated(Evaluation(300, 0.503)));
        string finding = Assert.Single(diagnostics.Evaluated(Evaluation(400, 0.4987)));
        Assert.StartsWith("AUC is 0.4987 at step 400, within noise of 0.5 (standard error 0.0045)", finding);
        Assert.Contains("learning rate that is too high (1; try 0.1)", finding);
        Assert.Empty(diagnostics.Evaluated(Evaluation(500, 0.5)));
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void A_chance_AUC_at_the_end_is_told_at_the_end()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        Assert.Empty(diagnostics.Evaluated(Evaluation(100, 0.503)));
        Assert.StartsWith("AUC is 0.503 at step 100, within noise", Assert.Single(diagnostics.Finished()));
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void An_AUC_far_below_a_half_hints_at_inverted_labels()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        Assert.Empty(diagnostics.Evaluated(Evaluation(100, 0.3)));
        Assert.Contains(
            "44 standard errors below 0.5: high scores go with label 0.",
            Assert.Single(diagnostics.Evaluated(Evaluation(200, 0.3))));
    }

    [Fact]
    public void An_undefined_AUC_says_nothing()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        EvaluationRecord record = Evaluation(100, 0.5);
        record = record with { Metrics = record.Metrics with { Auc = null } };
        Assert.Empty(diagnostics.Evaluated(record));
        Assert.Empty(diagnostics.Evaluated(record));
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void A_rising_loss_is_told_once_with_steps_and_figures()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        var findings = new List<string>();
        for (int step = 1; step <= 20; step++)
        {
            findings.AddRange(diagnostics.Trained(Interval(step, 0.5 * Math.Pow(1.5, step), rate: 0.3)));
        }

        string finding = Assert.Single(findings);
        Assert.StartsWith("The training loss rose 5 times running, from 0.75 (step 1) to 5.6953 (step 6).", finding);
        Assert.Contains("too high (0.3). Try 0.1,", finding);
    }

    [Fact]
    public void Features_that_never_change_are_named_with_their_value()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        using Batch batch = NewBatch();
        var findings = new List<string>();
        for (int step = 1; diagnostics.WantsBatches; step++)
        {
            Fill(batch, step);
            for (int at = 1; at < batch.Dense.Length; at += Dense)
            {
                batch.Dense[at] = 1.5f;
            }

            batch.Indices(1).Fill(7);
            findings.AddRange(diagnostics.Observe(batch));
        }

        Assert.Equal(2, findings.Count);
        Assert.StartsWith(
            "1 of 3 dense features never changed in the first 10000 samples (counted from 0: 1 is always 1.5).", findings[0]);
        Assert.StartsWith(
            "1 of 2 categorical features never changed in the first 10000 samples (counted from 0: 1 is always row 7).",
            findings[1]);
        Assert.Empty(diagnostics.Finished());
    }

    [Fact]
    public void A_feature_that_changes_once_is_a_feature()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        using Batch batch = NewBatch();
        for (int step = 1; diagnostics.WantsBatches; step++)
        {
            Fill(batch, step);
            for (int at = 1; at < batch.Dense.Length; at += Dense)
            {
                batch.Dense[at] = 0;
            }

            batch.Indices(1).Clear();
            if (step == 37)
            {
                batch.Dense[^2] = 1;
                batch.Indices(1)[^1] = 1;
            }

            Assert.Empty(diagnostics.Observe(batch));
        }
    }

    [Fact]
    public void Bags_that_are_always_empty_are_named()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        using Batch batch = NewBatch();
        var findings = new List<string>();
        for (int step = 1; diagnostics.WantsBatches; step++)
        {
            Fill(batch, step);
            batch.Offsets(0).Clear();
            findings.AddRange(diagnostics.Observe(batch));
        }

        Assert.Contains("0 is always empty", Assert.Single(findings));
    }

    [Fact]
    public void A_short_run_is_judged_at_its_end_and_a_tiny_one_not_at_all()
    {
        var tiny = new RunDiagnostics(s_facts);
        var shorter = new RunDiagnostics(s_facts);
        using Batch batch = NewBatch();
        Fill(batch, 1);
        batch.Indices(0).Clear();
        Assert.Empty(tiny.Observe(batch));
        Assert.Empty(tiny.Finished());
        for (int step = 1; step <= 20; step++)
        {
            Assert.Empty(shorter.Observe(batch));
        }

        Assert.Contains(shorter.Finished(), finding => finding.Contains("first 2000 samples (counted from 0: 0 is always row 0)"));
    }

    [Fact]
    public void Watching_allocates_nothing_before_it_judges()
    {
        var diagnostics = new RunDiagnostics(s_facts);
        using Batch batch = NewBatch();
        Fill(batch, 1);
        diagnostics.Observe(batch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        diagnostics.Observe(batch);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData("bce", 1, 1, 0.25, null)]
    [InlineData("bce", 1, 1, 0.0, "All labels of the first 10000 samples are 0")]
    [InlineData("bce", 1, 1, 1.0, "All labels of the first 10000 samples are 1")]
    [InlineData("bce", 1, 1, 0.005, "0.5% of the first 10000 samples are labelled 1: always giving the same answer is right in 99.5%")]
    [InlineData("mse", 1, 1, 0.005, "0.5% of the first 10000 samples are labelled 1")]
    [InlineData("wbce", 1, 3, 0.25, null)]
    [InlineData("wbce", 1, 1, 0.25, null)]
    [InlineData("wbce", 1, 99, 0.01, null)]
    [InlineData("wbce", 1, 1, 0.01, "--loss-weights=1-1 makes that 1% of the loss: the weights do not balance the classes. Try --loss-weights=1-99.")]
    [InlineData("wbce", 1, 100, 0.25, "--loss-weights=1-100 makes that 97.09% of the loss")]
    [InlineData("wbce", 1, 20, 0.8, "Try --loss-weights=4-1.")]
    public void A_label_rate_is_judged_by_the_loss(string loss, double negative, double positive, double rate, string? expected)
    {
        var diagnostics = new RunDiagnostics(
            s_facts with { Loss = loss, NegativeWeight = negative, PositiveWeight = positive });
        using Batch batch = NewBatch(1000);
        var findings = new List<string>();
        for (int step = 1; diagnostics.WantsBatches; step++)
        {
            Fill(batch, step);
            for (int sample = 0; sample < batch.Size; sample++)
            {
                batch.Labels[sample] = sample < rate * batch.Size ? 1 : 0;
            }

            findings.AddRange(diagnostics.Observe(batch));
        }

        if (expected is null)
        {
            Assert.Empty(findings);
        }
        else
        {
            Assert.Contains(expected, Assert.Single(findings));
        }
    }

    [Fact]
    public void Findings_are_single_lines()
    {
        var metrics = Evaluation(1, 0.5);
        string[] findings =
        [
            RunFindings.RandomData,
            RunFindings.AucIsChance(metrics, 0.1, 1),
            RunFindings.AucIsInverted(metrics, 0.1),
            RunFindings.ConstantDense([.. Enumerable.Range(0, 13).Select(i => (i, 0f))], 13, 10000),
            RunFindings.ConstantTables([.. Enumerable.Range(0, 26).Select(i => (i, i - 1))], 26, 10000),
        ];
        Assert.All(findings, finding => Assert.DoesNotContain('\n', finding));
        Assert.Contains("7 is always 0, …)", findings[3]);
    }

    private static Batch NewBatch(int size = 100)
    {
        var batch = new Batch(Dense, Tables);
        batch.Resize(size);
        return batch;
    }

    /// <summary>Varied features; a quarter of the labels is 1.</summary>
    private static void Fill(Batch batch, int seed)
    {
        var random = new System.Random(seed);
        foreach (ref float value in batch.Dense)
        {
            value = random.NextSingle();
        }

        for (int sample = 0; sample < batch.Size; sample++)
        {
            batch.Labels[sample] = sample % 4 == 0 ? 1 : 0;
        }

        for (int table = 0; table < Tables; table++)
        {
            for (int sample = 0; sample <= batch.Size; sample++)
            {
                batch.Offsets(table)[sample] = sample;
            }

            Span<int> rows = batch.ReserveIndices(table, batch.Size);
            for (int lookup = 0; lookup < batch.Size; lookup++)
            {
                rows[lookup] = random.Next(50);
            }
        }
    }

    private static TrainRecord Interval(long step, double loss, double rate = 0.1)
        => new(step, (int)step, 1000, 0, loss, 1.5, rate, step * 100_000);

    private static EvaluationRecord Evaluation(long step, double auc, double least = 0.01, double greatest = 0.9)
        => new(step, (int)step, 1000, 0, Metrics(auc, least, greatest), 0.5, 0.75, auc, true);

    private static EvaluationMetrics Metrics(double auc, double least, double greatest) => new()
    {
        Samples = 21600,
        Positives = 5545,
        LabelRate = 5545 / 21600.0,
        MeanScore = 0.2567,
        MinScore = least,
        MaxScore = greatest,
        LogLoss = 0.57,
        Accuracy = 0.74,
        Auc = auc,
        AveragePrecision = 0.3,
        Precision = 0,
        Recall = 0,
        F1 = 0,
        NormalizedEntropy = 1,
        Calibration = 1,
    };
}
