namespace Dlrm.Layers;

/// <summary>The interactions by their names on the command line. A new one is one file and one line here.</summary>
public static class Interactions
{
    private static readonly (string Name, Func<bool, int, int, Interaction> Create)[] s_all =
    [
        ("dot", (itself, features, dimension) => new DotInteraction(itself, features, dimension)),
        ("dot-dense", (_, features, dimension) => new DotDenseInteraction(features, dimension)),
        ("cat", (_, features, dimension) => new CatInteraction(features, dimension)),
        ("sum", (_, features, dimension) => new SumInteraction(features, dimension)),
    ];

    /// <summary>The names, in the order of the help text.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(interaction => interaction.Name)];

    /// <summary>The interaction called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="itself"><c>--arch-interaction-itself</c>: dot alone; the others ignore it, as the reference does.</param>
    /// <param name="features">F, 2 or more: the dense feature and one a table.</param>
    /// <param name="dimension">D, 1 or more.</param>
    /// <exception cref="ArgumentException">No such interaction.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than two features, or no dimension.</exception>
    public static Interaction Create(string name, bool itself, int features, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(features, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        foreach ((string candidate, Func<bool, int, int, Interaction> create) in s_all)
        {
            if (candidate == name)
            {
                return create(itself, features, dimension);
            }
        }

        throw new ArgumentException(
            $"--arch-interaction-op={name} is no interaction; choose one of {string.Join(", ", Names)}.");
    }
}
