using System.Globalization;

namespace Dlrm.Model;

/// <summary>What one part of a model costs in fewer bits, the other parts as they were.</summary>
/// <param name="Part">E.g. <c>emb_l.3</c>, or <c>towers</c>.</param>
/// <param name="Bits">The bits that were tried.</param>
/// <param name="Saved">Bytes that it saves.</param>
/// <param name="LossIncrease">What was measured.</param>
/// <param name="Kept">Whether the part is in these bits in the end.</param>
public sealed record PrecisionTrial(string Part, int Bits, long Saved, double LossIncrease, bool Kept);

/// <summary>What a search for the smallest model found.</summary>
/// <param name="Precision">The bits of every part.</param>
/// <param name="LossBefore">The loss of the model as it was.</param>
/// <param name="Loss">The loss of the model in <paramref name="Precision"/>: measured, not estimated.</param>
/// <param name="Trials">Each part alone; empty where the fewest bits throughout are within the bound.</param>
public sealed record PrecisionSearchResult(
    ModelPrecision Precision, double LossBefore, double Loss, IReadOnlyList<PrecisionTrial> Trials);

/// <summary>
/// Chooses bits for every table and the towers: the smallest model it finds whose loss on given data rises by less than a bound.
/// </summary>
/// <remarks>
/// The fewest bits throughout come first. If they cost too much, every part is measured alone in each of its bits; then
/// parts are narrowed one after the other, those of the least loss a byte saved first, and each is kept only if the loss of
/// the whole stays within the bound. So the result was measured as it is. Passes over the data: 2, or at most
/// 2 + 2 · 2 · (tables + 1).
/// </remarks>
public sealed class PrecisionSearch
{
    private const int FewestTableBits = 4;
    private const int FewestTowerBits = 8;

    private readonly DlrmModel _source;
    private readonly Func<DlrmModel, double> _measure;
    private readonly double _bound;
    private readonly Action<string>? _progress;

    /// <summary>Prepares a search.</summary>
    /// <param name="source">A model that is not quantized.</param>
    /// <param name="measure">The loss of a model on the data.</param>
    /// <param name="bound">By how much the loss may rise, 0 or more.</param>
    /// <param name="progress">Told what was tried, a line each; may be null.</param>
    public PrecisionSearch(DlrmModel source, Func<DlrmModel, double> measure, double bound, Action<string>? progress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bound);
        _source = source;
        _measure = measure;
        _bound = bound;
        _progress = progress;
    }

    private int Tables => _source.Config.TableRows.Count;

    /// <summary>Searches.</summary>
    public PrecisionSearchResult Run()
    {
        double before = _measure(_source);
        int[] bits = [.. Enumerable.Repeat(32, Tables + 1)];
        int[] fewest = [.. Enumerable.Repeat(FewestTableBits, Tables), FewestTowerBits];
        double loss = Measure(fewest, before, "every part in the fewest bits");
        if (loss - before <= _bound)
        {
            return new PrecisionSearchResult(Precision(fewest), before, loss, []);
        }

        List<(int Part, int Bits, PrecisionTrial Trial)> trials = [];
        for (int part = 0; part <= Tables; part++)
        {
            foreach (int width in part < Tables ? (int[])[8, 4] : [16, 8])
            {
                int[] alone = [.. Enumerable.Repeat(32, Tables + 1)];
                alone[part] = width;
                double increase = Measure(alone, before, $"{Name(part)} in {width} bits") - before;
                trials.Add((part, width, new PrecisionTrial(Name(part), width, Bytes(bits) - Bytes(alone), increase, Kept: false)));
            }
        }

        loss = before;
        foreach ((int part, int width, _) in trials.OrderBy(entry => Cost(entry.Trial)).ThenBy(entry => entry.Part).ToArray())
        {
            if (width >= bits[part])
            {
                continue;
            }

            int[] next = [.. bits];
            next[part] = width;
            double tried = Measure(next, before, $"and {Name(part)} in {width} bits");
            if (tried - before <= _bound)
            {
                bits = next;
                loss = tried;
            }
        }

        return new PrecisionSearchResult(
            Precision(bits),
            before,
            loss,
            [.. trials.Select(entry => entry.Trial with { Kept = bits[entry.Part] == entry.Bits })]);
    }

    /// <summary>Loss a byte; parts that cost nothing, or less, first by what they save.</summary>
    private static double Cost(PrecisionTrial trial) => trial.LossIncrease > 0
        ? trial.LossIncrease / Math.Max(trial.Saved, 1)
        : -trial.Saved;

    private string Name(int part) => part < Tables ? string.Create(CultureInfo.InvariantCulture, $"emb_l.{part}") : "towers";

    private ModelPrecision Precision(int[] bits) => _source.Config.Precision with
    {
        TableBits = bits[..Tables],
        MlpBits = bits[Tables],
    };

    private long Bytes(int[] bits) => (_source.Config with { Precision = Precision(bits) }).ParameterBytes;

    private double Measure(int[] bits, double before, string what)
    {
        using DlrmModel model = ModelQuantizer.Quantize(_source, Precision(bits));
        double loss = _measure(model);
        _progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{what}: loss {loss - before:+0.000000;-0.000000}"));
        return loss;
    }
}
