namespace Dlrm.Layers;

/// <summary>The losses by their names on the command line. A new one is one file and one line here.</summary>
public static class Losses
{
    private static readonly (string Name, Func<float, IReadOnlyList<double>, Loss> Create)[] s_all =
    [
        ("mse", (threshold, _) => new MseLoss(threshold)),
        ("bce", (threshold, _) => new BceLoss(threshold)),
        ("wbce", CreateWeighted),
    ];

    /// <summary>The names, in the order of the help text.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(loss => loss.Name)];

    /// <summary>The loss called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="threshold">t of <c>--loss-threshold</c>; outside (0, 1) there is no clamp.</param>
    /// <param name="weights"><c>--loss-weights</c>: of label 0, of label 1. Used by wbce alone.</param>
    /// <exception cref="ArgumentException">No such loss, or wbce without exactly two weights that are finite and ≥ 0.</exception>
    public static Loss Create(string name, float threshold, IReadOnlyList<double> weights)
    {
        foreach ((string candidate, Func<float, IReadOnlyList<double>, Loss> create) in s_all)
        {
            if (candidate == name)
            {
                return create(threshold, weights);
            }
        }

        throw new ArgumentException(
            $"--loss-function={name} is no loss; choose one of {string.Join(", ", Names)}.");
    }

    private static WeightedBceLoss CreateWeighted(float threshold, IReadOnlyList<double> weights)
        => weights.Count == 2 && weights.All(weight => double.IsFinite(weight) && weight >= 0)
            ? new WeightedBceLoss(threshold, weights[0], weights[1])
            : throw new ArgumentException(
                $"--loss-weights={string.Join('-', weights)}: wbce needs two weights of 0 or more, "
                + "for labels 0 and 1, e.g. --loss-weights=1.0-2.0.");
}
