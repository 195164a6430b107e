using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Dlrm.Training;

/// <summary>All that the training loop remembers between two steps: the text of a checkpoint's state.json.</summary>
/// <remarks>
/// Members that a text lacks get their defaults and unknown ones are ignored, so that older and newer versions of one
/// major format read each other.
/// </remarks>
public sealed record TrainerState
{
    /// <summary>Steps done.</summary>
    public long Step { get; init; }

    /// <summary>Updates that the model counts (<see cref="Model.DlrmModel.StepNumber"/>).</summary>
    public long ModelStep { get; init; }

    /// <summary>What decides the model's random draws (<see cref="Model.DlrmModel.RandomSeed"/>).</summary>
    public long ModelSeed { get; init; }

    /// <summary>Samples done.</summary>
    public long Samples { get; init; }

    /// <summary>The epoch under way, from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Steps done in it.</summary>
    public int Iteration { get; init; }

    /// <summary>Steps of an epoch: a run with another number cannot go on from here.</summary>
    public int BatchesPerEpoch { get; init; }

    /// <summary>Samples of an epoch, for the same check.</summary>
    public long SamplesPerEpoch { get; init; }

    /// <summary>True when the test that follows the last step was not finished.</summary>
    public bool TestPending { get; init; }

    /// <summary>Where the training samples' source stands; null when it remembers nothing.</summary>
    public byte[]? DataPosition { get; init; }

    /// <summary>Sums since the last report.</summary>
    public IntervalSums Interval { get; init; } = new(0, 0, 0, 0);

    /// <summary>Seconds in training steps so far.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Of them, seconds when the interval under way began.</summary>
    public double IntervalBegun { get; init; }

    /// <summary>Highest accuracy of the tests so far.</summary>
    public double BestAccuracy { get; init; }

    /// <summary>Highest AUC of the tests so far; null while undefined.</summary>
    public double? BestAuc { get; init; }

    /// <summary>The last test.</summary>
    public EvaluationRecord? Last { get; init; }

    /// <summary>The best test.</summary>
    public EvaluationRecord? Best { get; init; }

    /// <summary>The last interval.</summary>
    public TrainRecord? LastInterval { get; init; }

    /// <summary>True when a loss that is not finite was told already.</summary>
    public bool WarnedOfNonFinite { get; init; }

    /// <summary>What the other parts of the run remember, by <see cref="ITrainingState.Name"/>.</summary>
    public JsonObject Parts { get; init; } = [];

    /// <summary>This state as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrainerStateJson.Default.TrainerState);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="InvalidDataException">It is no such text, or its numbers are impossible.</exception>
    public static TrainerState FromJson(string json)
    {
        TrainerState? state;
        try
        {
            state = JsonSerializer.Deserialize(json, TrainerStateJson.Default.TrainerState);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The state of training cannot be read: {exception.Message}", exception);
        }

        if (state is null || state.Step < 0 || state.Samples < 0 || state.Epoch < 0 || state.Iteration < 0)
        {
            throw new InvalidDataException("The state of training cannot be read: its counts must be 0 or more.");
        }

        return state;
    }
}

/// <summary>JSON without reflection, in the names of metrics.jsonl.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(TrainerState))]
[JsonSerializable(typeof(DiagnosticsState))]
internal sealed partial class TrainerStateJson : JsonSerializerContext;
