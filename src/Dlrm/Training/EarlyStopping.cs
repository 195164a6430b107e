using System.Text.Json.Nodes;

namespace Dlrm.Training;

/// <summary>
/// Ends training when <paramref name="patience"/> tests in a row were no better than the best one, and gives the model the
/// parameters of that one.
/// </summary>
/// <remarks>
/// Tests are compared by log loss. They must be on rows held out of training for the purpose
/// (<c>--validation-fraction</c>): what is measured on rows that chose the moment to stop flatters the model. However the run
/// ends, unless it was interrupted, the best parameters are given back. An optimizer's state stays that of the last step.
/// </remarks>
/// <param name="keeper">Keeps the best parameters.</param>
/// <param name="patience">Tests, 1 or more.</param>
public sealed class EarlyStopping(IParameterKeeper keeper, int patience) : ITrainingState
{
    private readonly int _patience = patience >= 1
        ? patience
        : throw new ArgumentOutOfRangeException(nameof(patience), patience, "Early stopping waits for 1 test or more.");

    private double _best = double.PositiveInfinity;
    private int _waited;

    /// <inheritdoc/>
    public string Name => "early_stopping";

    /// <summary>The best test so far; null before the first.</summary>
    public long? BestStep { get; private set; }

    /// <summary>Its log loss.</summary>
    public double BestLoss => _best;

    /// <summary>True when there is nothing left to wait for.</summary>
    public bool IsOver => _waited >= _patience;

    /// <inheritdoc/>
    public JsonNode Save() => new JsonObject
    {
        ["best_loss"] = double.IsFinite(_best) ? _best : null,
        ["best_step"] = BestStep,
        ["waited"] = _waited,
    };

    /// <inheritdoc/>
    public void Restore(JsonNode state)
    {
        _best = (double?)state["best_loss"] ?? double.PositiveInfinity;
        BestStep = (long?)state["best_step"];
        _waited = (int?)state["waited"] ?? 0;
    }

    /// <summary>Takes note of a test.</summary>
    /// <param name="record">Its outcome.</param>
    /// <param name="samples">Samples trained on so far.</param>
    internal void Tested(EvaluationRecord record, long samples)
    {
        double loss = TestLoss.Of(record);
        if (loss < _best || BestStep is null)
        {
            (_best, BestStep, _waited) = (loss, record.Step, 0);
            keeper.Keep(record.Step, samples);
        }
        else
        {
            _waited++;
        }
    }

    /// <summary>Gives the best parameters back, when there was a test.</summary>
    internal void Finish()
    {
        if (BestStep is not null)
        {
            keeper.GiveBack();
        }
    }
}
