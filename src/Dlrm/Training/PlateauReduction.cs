using System.Globalization;
using System.Text.Json.Nodes;

namespace Dlrm.Training;

/// <summary>
/// Multiplies the learning rates by a factor whenever <paramref name="patience"/> tests in a row were no better than the
/// best one by log loss.
/// </summary>
/// <param name="factor">In (0, 1).</param>
/// <param name="patience">Tests, 1 or more.</param>
public sealed class PlateauReduction(double factor, int patience) : ITrainingState
{
    private readonly double _factor = factor is > 0 and < 1
        ? factor
        : throw new ArgumentOutOfRangeException(nameof(factor), factor, "A plateau lowers the rate by a factor between 0 and 1.");

    private readonly int _patience = patience >= 1
        ? patience
        : throw new ArgumentOutOfRangeException(nameof(patience), patience, "A plateau lasts 1 test or more.");

    private double _best = double.PositiveInfinity;
    private int _waited;

    /// <inheritdoc/>
    public string Name => "plateau_reduction";

    /// <summary>What the rates of the schedule are multiplied by now.</summary>
    public double Scale { get; private set; } = 1;

    /// <inheritdoc/>
    public JsonNode Save() => new JsonObject
    {
        ["best_loss"] = double.IsFinite(_best) ? _best : null,
        ["waited"] = _waited,
        ["scale"] = Scale,
    };

    /// <inheritdoc/>
    public void Restore(JsonNode state)
    {
        _best = (double?)state["best_loss"] ?? double.PositiveInfinity;
        _waited = (int?)state["waited"] ?? 0;
        Scale = (double?)state["scale"] ?? 1;
    }

    /// <summary>Takes note of a test.</summary>
    /// <param name="record">Its outcome.</param>
    /// <returns>What to tell a person when it lowered the rates; else null.</returns>
    internal string? Tested(EvaluationRecord record)
    {
        double loss = TestLoss.Of(record);
        if (loss < _best)
        {
            (_best, _waited) = (loss, 0);
            return null;
        }

        if (++_waited < _patience)
        {
            return null;
        }

        _waited = 0;
        Scale *= _factor;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"After step {record.Step} the learning rates are lowered to {Scale:0.######} of their schedule: log loss {_best:0.000000} "
            + $"was not improved in {_patience} {(_patience == 1 ? "test" : "tests")}.");
    }
}
