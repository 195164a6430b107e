namespace Dlrm.Distributed;

/// <summary>Where one embedding table is kept.</summary>
/// <param name="Table">Which categorical feature, from 0.</param>
/// <param name="Sharding">How it is divided.</param>
/// <param name="Ranks">
/// Which ranks hold a part, in the order of the parts: one for <see cref="TableSharding.Table"/>, two or more for a
/// division, none for <see cref="TableSharding.Replicated"/>.
/// </param>
/// <param name="Bounds">
/// For <see cref="TableSharding.RowBlock"/> and <see cref="TableSharding.Column"/>: part i is
/// [Bounds[i], Bounds[i + 1]) of the rows or columns, from 0 to all of them. Empty for the others.
/// </param>
public sealed record TablePlacement(
    int Table, TableSharding Sharding, IReadOnlyList<int> Ranks, IReadOnlyList<long> Bounds);
