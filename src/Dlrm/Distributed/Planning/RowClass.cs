namespace Dlrm.Distributed.Planning;

/// <summary>Rows of a table that are looked up about equally often.</summary>
/// <param name="Rows">How many, more than 0.</param>
/// <param name="Share">The share of the table's lookups that goes to all of them together, in [0, 1].</param>
public readonly record struct RowClass(double Rows, double Share);
