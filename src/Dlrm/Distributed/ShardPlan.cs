using System.Text.Json;
using System.Text.Json.Serialization;
using Dlrm.Model;

namespace Dlrm.Distributed;

/// <summary>Where every embedding table of a model is kept on a number of ranks: what plan.json says.</summary>
/// <param name="Ranks">Ranks in the job, 1 or more.</param>
/// <param name="Tables">One placement a table, in the order of the tables.</param>
public sealed record ShardPlan(int Ranks, IReadOnlyList<TablePlacement> Tables)
{
    /// <summary>The version of plan.json that this writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the file it came from.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>What a step was expected to take where the plan was made; null when nobody said. It changes nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Planning.StepPrediction? Predicted { get; init; }

    /// <summary>
    /// The reference's division: contiguous runs of whole tables, the first T mod N ranks holding one more
    /// (<c>extend_distributed.get_split_lengths</c>).
    /// </summary>
    /// <param name="tables">T.</param>
    /// <param name="ranks">N.</param>
    public static ShardPlan Contiguous(int tables, int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tables, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        var placements = new List<TablePlacement>(tables);
        for (int rank = 0; rank < ranks; rank++)
        {
            int count = (tables / ranks) + (rank < tables % ranks ? 1 : 0);
            for (int i = 0; i < count; i++)
            {
                placements.Add(new TablePlacement(placements.Count, TableSharding.Table, [rank], []));
            }
        }

        return new ShardPlan(ranks, placements);
    }

    /// <summary>Refuses a plan that does not fit a model.</summary>
    /// <param name="config">The model.</param>
    /// <exception cref="ArgumentException">It does not: the message names the table and what to change.</exception>
    public void Validate(DlrmConfig config)
    {
        if (Version != CurrentVersion)
        {
            throw new ArgumentException($"plan.json has version {Version}; this program reads version {CurrentVersion}: make it again with `dlrm plan`.");
        }

        IReadOnlyList<TableLayout> layouts = [.. TableLayout.Of(config)];
        if (Tables.Count != layouts.Count)
        {
            throw new ArgumentException($"The plan places {Tables.Count} tables; the model has {layouts.Count}: make one for this model with `dlrm plan`.");
        }

        for (int table = 0; table < Tables.Count; table++)
        {
            if (Tables[table].Table != table)
            {
                throw new ArgumentException($"Entry {table} of the plan places table {Tables[table].Table}: entries stand in the order of the tables.");
            }

            Validate(Tables[table], layouts[table]);
        }
    }

    /// <summary>The plan as plan.json has it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ShardPlanJson.Default.ShardPlan);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text of plan.json.</param>
    /// <exception cref="JsonException">It is no plan; the message names the place.</exception>
    public static ShardPlan FromJson(string json) =>
        JsonSerializer.Deserialize(json, ShardPlanJson.Default.ShardPlan) ?? throw new JsonException("The plan is null.");

    private void Validate(TablePlacement placement, TableLayout layout)
    {
        string name = $"Table {placement.Table} ({placement.Sharding})";
        foreach (int rank in placement.Ranks)
        {
            if (rank < 0 || rank >= Ranks)
            {
                throw new ArgumentException($"{name} names rank {rank}; the plan has ranks 0 to {Ranks - 1}.");
            }
        }

        if (placement.Ranks.Distinct().Count() != placement.Ranks.Count)
        {
            throw new ArgumentException($"{name} names a rank twice.");
        }

        (int least, int most) = placement.Sharding switch
        {
            TableSharding.Table => (1, 1),
            TableSharding.Replicated => (0, 0),
            _ => (1, Ranks),
        };
        if (placement.Ranks.Count < least || placement.Ranks.Count > most)
        {
            throw new ArgumentException($"{name} names {placement.Ranks.Count} ranks; it takes {least} to {most}.");
        }

        long extent = placement.Sharding switch
        {
            TableSharding.RowBlock => layout.Rows,
            TableSharding.Column => layout.Dimension,
            _ => 0,
        };
        IReadOnlyList<long> bounds = placement.Bounds;
        if (extent == 0)
        {
            if (bounds.Count != 0)
            {
                throw new ArgumentException($"{name} has bounds; only row-block and column take them.");
            }
        }
        else if (bounds.Count != placement.Ranks.Count + 1 || bounds[0] != 0 || bounds[^1] != extent
            || bounds.Zip(bounds.Skip(1)).Any(pair => pair.First >= pair.Second))
        {
            throw new ArgumentException(
                $"{name} has bounds {string.Join(", ", bounds)}; it takes {placement.Ranks.Count + 1} that rise from 0 to {extent}.");
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ShardPlan))]
internal sealed partial class ShardPlanJson : JsonSerializerContext;
