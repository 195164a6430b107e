namespace Dlrm.Layers;

/// <summary>The interactions by their names on the command line. A new one is one file and one line here.</summary>
public static class Interactions
{
    private delegate Interaction Factory(bool itself, int features, int dimension, (int Layers, int Rank) cross);

    private static readonly (string Name, Factory Create)[] s_all =
    [
        ("dot", (itself, features, dimension, _) => new DotInteraction(itself, features, dimension)),
        ("dot-dense", (_, features, dimension, _) => new DotDenseInteraction(features, dimension)),
        ("cat", (_, features, dimension, _) => new CatInteraction(features, dimension)),
        ("sum", (_, features, dimension, _) => new SumInteraction(features, dimension)),
        ("dcn", (_, features, dimension, cross) => new CrossInteraction(features, dimension, cross.Layers, cross.Rank)),
    ];

    /// <summary>The names, in the order of the help text.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(interaction => interaction.Name)];

    /// <summary>The interaction called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="itself"><c>--arch-interaction-itself</c>: dot alone; the others ignore it, as the reference does.</param>
    /// <param name="features">F, 2 or more: the dense feature and one a table.</param>
    /// <param name="dimension">D, 1 or more.</param>
    /// <param name="crossLayers">Layers of dcn, 1 or more; the others ignore it.</param>
    /// <param name="crossRank">Width of dcn's inner products, 1 or more; the others ignore it.</param>
    /// <exception cref="ArgumentException">No such interaction.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than two features, or no dimension.</exception>
    public static Interaction Create(
        string name, bool itself, int features, int dimension, int crossLayers = 3, int crossRank = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(features, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        foreach ((string candidate, Factory create) in s_all)
        {
            if (candidate == name)
            {
                return create(itself, features, dimension, (crossLayers, crossRank));
            }
        }

        throw new ArgumentException(
            $"--arch-interaction-op={name} is no interaction; choose one of {string.Join(", ", Names)}.");
    }
}
