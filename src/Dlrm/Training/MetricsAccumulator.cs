using Dlrm.Memory;

namespace Dlrm.Training;

/// <summary>Collects the scores and labels of a test pass; gives exact metrics and curves.</summary>
/// <remarks>
/// Four bytes of native memory a sample, eight while sorting; <see cref="Add"/> allocates only to grow. Sums are taken in
/// the order of the samples, however these are divided into calls, and compensated: neither threads nor batch sizes
/// change a bit. Labels lie in [0, 1]; once one is neither 0 nor 1, no ranking metric is defined and none is kept.
/// </remarks>
public sealed class MetricsAccumulator : IDisposable
{
    private NativeBuffer<uint> _keys = new(0);
    private NativeBuffer<uint> _scratch = new(0);
    private Counters _counters;
    private bool _sorted;

    /// <summary>Samples added since the last reset.</summary>
    public long Samples => _counters.Samples;

    /// <summary>Forgets all samples; keeps the memory for the next pass.</summary>
    public void Reset()
    {
        _counters = default;
        _sorted = false;
    }

    /// <summary>Adds the samples of a batch.</summary>
    /// <param name="scores">(B), in [0, 1]. A score that is not a number makes what needs scores undefined.</param>
    /// <param name="labels">(B), in [0, 1].</param>
    /// <exception cref="ArgumentException">The lengths differ, or a score or a label lies outside [0, 1].</exception>
    /// <exception cref="InvalidOperationException">More than 2³¹ − 1 samples.</exception>
    public void Add(ReadOnlySpan<float> scores, ReadOnlySpan<float> labels)
    {
        if (scores.Length != labels.Length)
        {
            throw new ArgumentException($"{scores.Length} scores, but {labels.Length} labels.", nameof(labels));
        }

        Reserve(_counters.Samples + scores.Length);
        Span<uint> keys = _keys.Slice(_counters.Samples, scores.Length);
        _sorted = false;
        for (int sample = 0; sample < scores.Length; sample++)
        {
            float score = scores[sample];
            float label = labels[sample];
            if (score is < 0 or > 1)
            {
                throw new ArgumentException($"Score {score} of sample {Samples} does not lie in [0, 1].", nameof(scores));
            }

            if (label is not (>= 0 and <= 1))
            {
                throw new ArgumentException($"Label {label} of sample {Samples} does not lie in [0, 1].", nameof(labels));
            }

            keys[sample] = RankedScores.Key(score, label == 1);
            _counters.Add(score, label);
        }
    }

    /// <summary>The metrics of all samples added since the last reset.</summary>
    /// <remarks>One radix sort of the scores, at most; a second call does not sort again.</remarks>
    public EvaluationMetrics Compute()
    {
        string? undefined = _counters.WhyUndefined();
        EvaluationMetrics counted = _counters.Metrics() with { Undefined = undefined };
        if (!_counters.CanRank || _counters.Positives == 0)
        {
            return counted;
        }

        RankedScores ranked = Ranked();
        return counted with
        {
            Auc = RocCurve.Area(ranked),
            AveragePrecision = PrecisionRecallCurve.AveragePrecision(ranked),
        };
    }

    /// <summary>What a report draws; null when the set is empty, has one class, or cannot be ranked.</summary>
    public EvaluationCurves? ComputeCurves()
    {
        if (!_counters.CanRank || _counters.Positives == 0 || _counters.Positives == _counters.Samples)
        {
            return null;
        }

        RankedScores ranked = Ranked();
        return new EvaluationCurves
        {
            Roc = RocCurve.Points(ranked),
            PrecisionRecall = PrecisionRecallCurve.Points(ranked),
            Calibration = CalibrationCurve.Bins(ranked),
            Scores = ScoreHistogram.Of(ranked),
        };
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _keys.Dispose();
        _scratch.Dispose();
    }

    private RankedScores Ranked()
    {
        int count = (int)_counters.Samples;
        if (!_sorted)
        {
            if (_scratch.Length < count)
            {
                _scratch.Dispose();
                _scratch = new NativeBuffer<uint>(_keys.Length);
            }

            if (RadixSort.Sort(_keys.Slice(0, count), _scratch.Slice(0, count)))
            {
                (_keys, _scratch) = (_scratch, _keys);
            }

            _sorted = true;
        }

        return new RankedScores(_keys.Slice(0, count), (int)_counters.Positives);
    }

    private void Reserve(long samples)
    {
        if (samples > int.MaxValue)
        {
            throw new InvalidOperationException($"{samples} samples in one pass; exact metrics take 2³¹ − 1 at most.");
        }

        if (samples > _keys.Length)
        {
            long room = Math.Max(samples, Math.Max(4096, 2 * _keys.Length));
            var grown = new NativeBuffer<uint>(Math.Min(int.MaxValue, room));
            _keys.Slice(0, (int)_counters.Samples).CopyTo(grown.Span);
            _keys.Dispose();
            _keys = grown;
        }
    }

    /// <summary>What needs no order: counts and sums over the samples.</summary>
    private struct Counters
    {
        private CompensatedSum _scores;
        private CompensatedSum _labels;
        private CompensatedSum _logLoss;
        private long _correct;
        private long _predictedPositives;
        private long _truePositives;
        private long _fractionalLabels;
        private long _notNumbers;
        private float _least;
        private float _greatest;

        public long Samples { get; private set; }

        public long Positives { get; private set; }

        public readonly bool CanRank => Samples > 0 && _fractionalLabels == 0 && _notNumbers == 0;

        public void Add(float score, float label)
        {
            _labels.Add(label);
            bool positive = label == 1;
            if (positive)
            {
                Positives++;
            }
            else if (label != 0)
            {
                _fractionalLabels++;
            }

            if (float.IsNaN(score))
            {
                _notNumbers++;
                Samples++;
                return;
            }

            bool predicted = score > 0.5f;
            _correct += (predicted ? 1f : 0f) == label ? 1 : 0;
            _predictedPositives += predicted ? 1 : 0;
            _truePositives += predicted && positive ? 1 : 0;
            _least = Samples == _notNumbers ? score : Math.Min(_least, score);
            _greatest = Samples == _notNumbers ? score : Math.Max(_greatest, score);
            _scores.Add(score);
            double loss = 0;
            if (label != 0)
            {
                loss -= label * NaturalLog.Clamped(score);
            }

            if (!positive)
            {
                loss -= (1.0 - label) * NaturalLog.Clamped(1.0 - score);
            }

            _logLoss.Add(loss);
            Samples++;
        }

        public readonly string? WhyUndefined()
        {
            if (Samples == 0)
            {
                return "the set has no samples";
            }

            if (_notNumbers > 0)
            {
                return $"{_notNumbers} of {Samples} scores are not numbers";
            }

            if (_fractionalLabels > 0)
            {
                return $"{_fractionalLabels} of {Samples} labels are neither 0 nor 1";
            }

            return Positives == 0 ? $"all {Samples} labels are 0"
                : Positives == Samples ? $"all {Samples} labels are 1"
                : null;
        }

        public readonly EvaluationMetrics Metrics()
        {
            bool scored = Samples > 0 && _notNumbers == 0;
            double labelRate = Samples == 0 ? 0 : _labels.Value / Samples;
            double? logLoss = scored ? _logLoss.Value / Samples : null;
            double? meanScore = scored ? _scores.Value / Samples : null;
            return new EvaluationMetrics
            {
                Samples = Samples,
                LabelRate = labelRate,
                MeanScore = meanScore,
                MinScore = scored ? _least : null,
                MaxScore = scored ? _greatest : null,
                LogLoss = logLoss,
                Accuracy = Samples == 0 ? 0 : (double)_correct / Samples,
                Positives = _fractionalLabels == 0 ? Positives : null,
                Precision = CanRank ? Ratio(_truePositives, _predictedPositives) : null,
                Recall = CanRank ? Ratio(_truePositives, Positives) : null,
                F1 = CanRank ? Ratio(2 * _truePositives, _predictedPositives + Positives) : null,
                NormalizedEntropy = CanRank && Positives > 0 && Positives < Samples
                    ? logLoss / NaturalLog.Entropy(labelRate)
                    : null,
                Calibration = labelRate > 0 ? meanScore / labelRate : null,
                Auc = null,
                AveragePrecision = null,
            };
        }

        private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
    }
}
