using System.Text.Json.Serialization;

namespace Dlrm.Distributed;

/// <summary>How one embedding table is divided among ranks.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TableSharding>))]
public enum TableSharding
{
    /// <summary>The whole table on one rank (the reference's model parallelism).</summary>
    [JsonStringEnumMemberName("table")]
    Table,

    /// <summary>Contiguous blocks of rows, one a rank; partial sums of a bag are added by rank order.</summary>
    [JsonStringEnumMemberName("row-block")]
    RowBlock,

    /// <summary>Rows dealt over the ranks listed by <see cref="Layers.RowHash"/>: balances skewed tables.</summary>
    [JsonStringEnumMemberName("row-hash")]
    RowHash,

    /// <summary>Contiguous ranges of columns, one a rank: each pools its part of every vector.</summary>
    [JsonStringEnumMemberName("column")]
    Column,

    /// <summary>A copy on every rank, gradients exchanged like the towers': small tables.</summary>
    [JsonStringEnumMemberName("replicated")]
    Replicated,
}
