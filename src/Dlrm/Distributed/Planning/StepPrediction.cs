using System.Text.Json.Serialization;

namespace Dlrm.Distributed.Planning;

/// <summary>What a step is expected to take, by stage: a projection from <see cref="MachineFigures"/>, not a measurement.</summary>
public sealed record StepPrediction
{
    /// <summary>Milliseconds of a step.</summary>
    public required double StepMs { get; init; }

    /// <summary>Bottom tower, forward.</summary>
    public required double BottomMs { get; init; }

    /// <summary>Check, look up and pool, on the rank that takes longest.</summary>
    public required double GatherMs { get; init; }

    /// <summary>Pooled vectors and their gradients exchanged: what computing does not hide.</summary>
    public required double ExchangeMs { get; init; }

    /// <summary>Interaction, top tower and loss, forward.</summary>
    public required double InteractionTopMs { get; init; }

    /// <summary>Towers and interaction, backward.</summary>
    public required double BackwardMs { get; init; }

    /// <summary>Gradients of towers and replicated tables added up: what the way back does not hide.</summary>
    public required double AllReduceMs { get; init; }

    /// <summary>Optimizer on towers and tables, on the rank that takes longest.</summary>
    public required double UpdateMs { get; init; }

    /// <summary>Samples a second.</summary>
    public required double SamplesPerSecond { get; init; }

    /// <summary>Milliseconds by the stages of <c>dlrm bench</c>.</summary>
    public required IReadOnlyDictionary<string, double> Breakdown { get; init; }

    /// <summary>What each rank does; not in plan.json.</summary>
    [JsonIgnore]
    public IReadOnlyList<RankPrediction> Ranks { get; init; } = [];

    /// <summary>The stages in their order, with their names for people.</summary>
    [JsonIgnore]
    public IReadOnlyList<(string Name, double Milliseconds)> Stages =>
    [
        ("bottom", BottomMs), ("gather", GatherMs), ("exchange", ExchangeMs), ("interaction and top", InteractionTopMs),
        ("backward", BackwardMs), ("all-reduce", AllReduceMs), ("update", UpdateMs),
    ];
}

/// <summary>What one rank does in a step.</summary>
/// <param name="Rank">Which.</param>
/// <param name="Parts">Tables and parts of tables on it, replicated ones not counted.</param>
/// <param name="GatherMs">Milliseconds of check, look up and pool.</param>
/// <param name="UpdateMs">Milliseconds of the tables' update.</param>
/// <param name="SentBytes">Bytes of pooled vectors sent to other ranks.</param>
/// <param name="ReceivedBytes">Bytes of pooled vectors received from other ranks.</param>
/// <param name="MemoryBytes">Bytes of everything.</param>
public sealed record RankPrediction(
    int Rank, int Parts, double GatherMs, double UpdateMs, double SentBytes, double ReceivedBytes, double MemoryBytes);
