using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data;

namespace Dlrm.Training;

/// <summary>
/// Says what is wrong with a run, in one line each, at most once: what, the figures, the likely cause, what to try.
/// </summary>
/// <remarks>
/// Pure logic: the trainer feeds it and passes the findings on. It sees the first 10,000 samples (labels and features),
/// every interval's loss and every evaluation. A sound run hears nothing.
/// </remarks>
public sealed class RunDiagnostics : ITrainingState
{
    private const long WindowSamples = 10_000;
    private const long FewestSamples = 1_000;
    private const long FewestOfAClass = 10;
    private const double LeastShare = 0.1;
    private const double LeastRate = 0.01;
    private const double LeastSpread = 1e-3;

    private readonly RunFacts _facts;
    private readonly FeatureWatch _features;
    private readonly LossTrend _loss = new();
    private EvaluationRecord? _suspicious;
    private double _learningRate;
    private long _samples;
    private bool _watchedEnough;
    private bool _saidOutput;
    private bool _saidRise;

    /// <summary>Prepares to watch a run.</summary>
    /// <param name="facts">The run.</param>
    public RunDiagnostics(RunFacts facts)
    {
        _facts = facts;
        _features = new FeatureWatch(facts.DenseFeatures, facts.Tables);
    }

    /// <summary>True while <see cref="Observe"/> still wants the training batches.</summary>
    public bool WantsBatches => !_watchedEnough;

    /// <inheritdoc/>
    public string Name => "diagnostics";

    /// <inheritdoc/>
    public JsonNode? Save() => JsonSerializer.SerializeToNode(
        new DiagnosticsState
        {
            LearningRate = _learningRate,
            Samples = _samples,
            WatchedEnough = _watchedEnough,
            SaidOutput = _saidOutput,
            SaidRise = _saidRise,
            Suspicious = _suspicious,
            Loss = _loss.Save(),
            Features = _watchedEnough ? null : _features.Save(),
        },
        TrainerStateJson.Default.DiagnosticsState);

    /// <inheritdoc/>
    public void Restore(JsonNode state)
    {
        if (state.Deserialize(TrainerStateJson.Default.DiagnosticsState) is not { } saved)
        {
            return;
        }

        (_learningRate, _samples, _suspicious) = (saved.LearningRate, saved.Samples, saved.Suspicious);
        (_watchedEnough, _saidOutput, _saidRise) = (saved.WatchedEnough, saved.SaidOutput, saved.SaidRise);
        if (saved.Loss is { } loss)
        {
            _loss.Restore(loss);
        }

        if (saved.Features is { } features)
        {
            _features.Restore(features);
        }
    }

    /// <summary>Before the first step.</summary>
    /// <returns>Findings, often none.</returns>
    public IReadOnlyList<string> Started() => _facts.RandomLabels ? [RunFindings.RandomData] : [];

    /// <summary>For each training batch, while <see cref="WantsBatches"/>.</summary>
    /// <param name="batch">The batch; only read.</param>
    /// <returns>Findings, once enough samples were seen; allocates nothing before.</returns>
    public IReadOnlyList<string> Observe(Batch batch)
    {
        if (_watchedEnough)
        {
            return [];
        }

        _features.See(batch);
        if (_features.Samples < WindowSamples)
        {
            return [];
        }

        return JudgeFeatures();
    }

    /// <summary>After each interval.</summary>
    /// <param name="record">The interval.</param>
    /// <returns>Findings, often none.</returns>
    public IReadOnlyList<string> Trained(TrainRecord record)
    {
        _learningRate = record.LearningRate;
        LossRise? rise = _loss.Add(record.Step, record.Loss, record.Samples - _samples);
        _samples = record.Samples;
        if (_saidRise || rise is not { } found)
        {
            return [];
        }

        _saidRise = true;
        return [RunFindings.LossRises(found, _learningRate)];
    }

    /// <summary>After each evaluation.</summary>
    /// <param name="record">The evaluation.</param>
    /// <returns>Findings, often none.</returns>
    public IReadOnlyList<string> Evaluated(EvaluationRecord record)
    {
        EvaluationMetrics metrics = record.Metrics;
        if (_saidOutput || _facts.RandomLabels)
        {
            return [];
        }

        if (metrics.Samples >= FewestSamples && IsConstant(metrics))
        {
            _saidOutput = true;
            return [RunFindings.ConstantOutput(record, _learningRate)];
        }

        // A young model may not know anything yet: judge the second such evaluation, or the last of the run.
        EvaluationRecord? before = _suspicious;
        _suspicious = IsNoBetterThanChance(metrics) ? record : null;
        return before is not null && _suspicious is not null ? [JudgeAuc(record)] : [];
    }

    /// <summary>After the last step of the run.</summary>
    /// <returns>Findings that waited for more evidence, often none.</returns>
    public IReadOnlyList<string> Finished()
    {
        var findings = new List<string>();
        if (!_watchedEnough && _features.Samples >= FewestSamples)
        {
            findings.AddRange(JudgeFeatures());
        }

        if (!_saidOutput && _suspicious is { } record)
        {
            findings.Add(JudgeAuc(record));
        }

        return findings;
    }

    /// <summary>Scores that differ by less than a thousandth of themselves are one score.</summary>
    private static bool IsConstant(EvaluationMetrics metrics)
        => metrics is { MinScore: { } least, MaxScore: { } greatest } && greatest - least <= LeastSpread * greatest;

    private static bool IsNoBetterThanChance(EvaluationMetrics metrics)
        => metrics is { Auc: { } auc, Positives: >= FewestOfAClass, Negatives: >= FewestOfAClass }
            && auc - 0.5 < 2 * ChanceError(metrics);

    /// <summary>Standard error that an AUC has when scores say nothing.</summary>
    private static double ChanceError(EvaluationMetrics metrics)
        => RocCurve.StandardError(0.5, metrics.Positives!.Value, metrics.Negatives!.Value);

    private string JudgeAuc(EvaluationRecord record)
    {
        _saidOutput = true;
        double error = ChanceError(record.Metrics);
        return record.Metrics.Auc - 0.5 < -4 * error
            ? RunFindings.AucIsInverted(record, error)
            : RunFindings.AucIsChance(record, error, _learningRate);
    }

    private List<string> JudgeFeatures()
    {
        _watchedEnough = true;
        var findings = new List<string>();
        (int Feature, float Value)[] dense = [.. _features.ConstantDense()];
        if (dense.Length > 0)
        {
            findings.Add(RunFindings.ConstantDense(dense, _facts.DenseFeatures, _features.Samples));
        }

        (int Table, int Row)[] tables = [.. _features.ConstantTables()];
        if (tables.Length > 0)
        {
            findings.Add(RunFindings.ConstantTables(tables, _facts.Tables, _features.Samples));
        }

        if (!_facts.RandomLabels && !_features.HasFractionalLabels && JudgeLabelRate() is { } finding)
        {
            findings.Add(finding);
        }

        return findings;
    }

    private string? JudgeLabelRate()
    {
        double rate = _features.LabelRate;
        if (rate is 0 or 1)
        {
            return RunFindings.OneLabel(rate, _features.Samples);
        }

        if (_facts.Loss == "wbce")
        {
            double positive = rate * _facts.PositiveWeight;
            double share = positive / (positive + ((1 - rate) * _facts.NegativeWeight));
            return share is < LeastShare or > 1 - LeastShare
                ? RunFindings.UnbalancedWeights(
                    rate, _features.Samples, _facts.NegativeWeight, _facts.PositiveWeight, share)
                : null;
        }

        return rate is < LeastRate or > 1 - LeastRate ? RunFindings.RareLabel(rate, _features.Samples) : null;
    }
}
