namespace Dlrm.Distributed.Planning;

/// <summary>
/// Prices of what a step's stages do, in nanoseconds (of one rank) a unit; <see cref="CostTerms"/> counts the units, in the
/// order given here.
/// </summary>
public sealed record StageCosts
{
    /// <summary>A tower, forward: at peak (a factor), activations, weights, layers.</summary>
    public required IReadOnlyList<double> TowerForward { get; init; }

    /// <summary>A tower, backward: the same.</summary>
    public required IReadOnlyList<double> TowerBackward { get; init; }

    /// <summary>The interaction, forward: at peak (a factor), elements read and written, samples.</summary>
    public required IReadOnlyList<double> InteractionForward { get; init; }

    /// <summary>The interaction, backward: the same.</summary>
    public required IReadOnlyList<double> InteractionBackward { get; init; }

    /// <summary>The loss: samples, calls.</summary>
    public required IReadOnlyList<double> Loss { get; init; }

    /// <summary>The optimizer on the towers: elements moved, tensors.</summary>
    public required IReadOnlyList<double> DenseUpdate { get; init; }

    /// <summary>Range check: lookups, bags.</summary>
    public required IReadOnlyList<double> Validate { get; init; }

    /// <summary>Gather and pool: the rows at the speed of the probe (a factor), lookups, bags.</summary>
    public required IReadOnlyList<double> Gather { get; init; }

    /// <summary>
    /// Sort, add up, update: different rows at the speed of the probe (a factor), lookups, elements looked up, lookups times the
    /// bytes of a row's number, tables.
    /// </summary>
    public required IReadOnlyList<double> Update { get; init; }

    internal IEnumerable<(string Name, IReadOnlyList<double> Prices, int Terms)> All()
    {
        yield return ("towerForward", TowerForward, CostTerms.TowerTerms);
        yield return ("towerBackward", TowerBackward, CostTerms.TowerTerms);
        yield return ("interactionForward", InteractionForward, CostTerms.InteractionTerms);
        yield return ("interactionBackward", InteractionBackward, CostTerms.InteractionTerms);
        yield return ("loss", Loss, CostTerms.LossTerms);
        yield return ("denseUpdate", DenseUpdate, CostTerms.DenseUpdateTerms);
        yield return ("validate", Validate, CostTerms.ValidateTerms);
        yield return ("gather", Gather, CostTerms.GatherTerms);
        yield return ("update", Update, CostTerms.UpdateTerms);
    }

    internal void Check()
    {
        foreach ((string name, IReadOnlyList<double> prices, int terms) in All())
        {
            if (prices.Count != terms || prices.Any(price => !(price >= 0)))
            {
                throw new InvalidDataException(
                    $"The machine figures cannot be used: stages.{name} has {prices.Count} prices; it takes {terms}, each 0 or more.");
            }
        }
    }
}
