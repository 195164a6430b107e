using System.Text.Json.Nodes;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Tuning;

/// <summary>A setting and what its trainings came to.</summary>
/// <param name="number">Its number.</param>
/// <param name="settings">What it sets.</param>
internal sealed class TuneRow(int number, IReadOnlyDictionary<ToolOption, object> settings)
{
    private readonly List<double?> _losses = [];

    public int Number => number;

    public IReadOnlyDictionary<ToolOption, object> Settings => settings;

    /// <summary>As it is typed.</summary>
    public string Text => settings.Count == 0 ? "(the recipe as it is)" : string.Join(' ', settings.Select(TuneSpace.Text));

    /// <summary>Rounds it took part in.</summary>
    public int Rounds => _losses.Count;

    /// <summary>Mean log loss of each round; null where a training failed.</summary>
    public IReadOnlyList<double?> Losses => _losses;

    /// <summary>That of the last round; infinite where a training failed.</summary>
    public double LogLoss => _losses[^1] ?? double.PositiveInfinity;

    /// <summary>Mean AUC of the last round.</summary>
    public double? Auc { get; private set; }

    /// <summary>Standard deviation of the log loss over the seeds of the last round; 0 for one.</summary>
    public double Deviation { get; private set; }

    /// <summary>Adds a round.</summary>
    public void Add(int round, TuneTrial[] trials)
    {
        if (round != _losses.Count)
        {
            throw new ArgumentException($"Round {round} follows {_losses.Count} rounds.", nameof(round));
        }

        bool whole = trials.All(trial => trial.LogLoss is { } loss && double.IsFinite(loss));
        _losses.Add(whole ? trials.Average(trial => trial.LogLoss!.Value) : null);
        Auc = whole ? trials.Average(trial => trial.Auc) : null;
        Deviation = whole && trials.Length > 1
            ? Math.Sqrt(trials.Sum(trial => Math.Pow(trial.LogLoss!.Value - LogLoss, 2)) / (trials.Length - 1))
            : 0;
    }

    /// <summary>For results.json.</summary>
    public JsonObject ToJson() => new()
    {
        ["setting"] = number,
        ["options"] = new JsonObject(settings.Select(entry =>
            KeyValuePair.Create(entry.Key.Name, (JsonNode?)JsonValue.Create(entry.Key.Write(entry.Value))))),
        ["rounds"] = Rounds,
        ["log_loss"] = new JsonArray([.. _losses.Select(loss => (JsonNode?)JsonValue.Create(loss))]),
        ["auc"] = Auc,
        ["log_loss_deviation"] = Deviation,
    };
}
