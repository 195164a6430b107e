using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>
/// Counts the units of work in each stage of a step; <see cref="StageCosts"/> has their prices, in the same order.
/// </summary>
/// <remarks>
/// Letters: B samples, F features that interact, D their elements, W width of the interaction. A stage's time is the sum of
/// units times prices, so prices are found from a few measured steps by least squares (<see cref="NonNegativeFit"/>).
/// </remarks>
internal static class CostTerms
{
    public const int TowerTerms = 4;
    public const int InteractionTerms = 3;
    public const int LossTerms = 2;
    public const int DenseUpdateTerms = 2;
    public const int ValidateTerms = 2;
    public const int GatherTerms = 3;
    public const int UpdateTerms = 5;

    /// <summary>Sum of units times prices.</summary>
    /// <param name="units">From one of the methods here.</param>
    /// <param name="prices">In the same order.</param>
    /// <returns>Seconds.</returns>
    public static double Seconds(double[] units, IReadOnlyList<double> prices)
    {
        double nanoseconds = 0;
        for (int i = 0; i < units.Length; i++)
        {
            nanoseconds += units[i] * prices[i];
        }

        return nanoseconds * 1e-9;
    }

    /// <summary>A tower forward: nanoseconds at peak, activations, weights, layers.</summary>
    /// <param name="widths">All widths, the input first.</param>
    /// <param name="samples">B.</param>
    /// <param name="gflops">Peak of the rank: GFLOP/s, which is operations a nanosecond.</param>
    public static double[] TowerForward(IReadOnlyList<int> widths, double samples, double gflops)
    {
        double[] units = new double[TowerTerms];
        for (int layer = 1; layer < widths.Count; layer++)
        {
            AddLayer(units, widths[layer - 1], widths[layer], samples, gflops, products: 1);
        }

        return units;
    }

    /// <summary>A tower backward: the gradients of weights, and of inputs but the first layer's where nobody needs it.</summary>
    /// <param name="widths">All widths, the input first.</param>
    /// <param name="samples">B.</param>
    /// <param name="gflops">Peak of the rank.</param>
    /// <param name="inputGradient">Whether the first layer's input has one.</param>
    public static double[] TowerBackward(IReadOnlyList<int> widths, double samples, double gflops, bool inputGradient)
    {
        double[] units = new double[TowerTerms];
        for (int layer = 1; layer < widths.Count; layer++)
        {
            AddLayer(units, widths[layer - 1], widths[layer], samples, gflops, layer > 1 || inputGradient ? 2 : 1);
        }

        return units;
    }

    /// <summary>An interaction: nanoseconds at peak, elements of input and output, samples.</summary>
    /// <param name="config">The model.</param>
    /// <param name="samples">B.</param>
    /// <param name="gflops">Peak of the rank.</param>
    /// <param name="products">1 forward, 2 backward.</param>
    public static double[] Interaction(DlrmConfig config, double samples, double gflops, int products)
    {
        Layers.Interaction interaction = config.CreateInteraction();
        if (interaction.IsIdentity)
        {
            return new double[InteractionTerms];
        }

        double width = (double)config.Features * config.FeatureDimension;
        double flops = interaction.FlopsPerSample > 0
            ? interaction.FlopsPerSample
            : config.Interaction == "dot" ? 2.0 * config.Features * config.Features / 2 * config.FeatureDimension : 2 * width;
        return [products * flops * samples / gflops, samples * (width + interaction.Width) * products, samples];
    }

    /// <summary>The loss.</summary>
    /// <param name="samples">B.</param>
    public static double[] Loss(double samples) => [samples, 1];

    /// <summary>The optimizer on the towers: elements moved, tensors.</summary>
    /// <param name="config">The model.</param>
    /// <param name="stateCopies">Numbers of state beside a weight.</param>
    public static double[] DenseUpdate(DlrmConfig config, double stateCopies)
    {
        int tensors = 2 * (config.BottomMlp.Count + config.TopMlp.Count - 1);
        return [DenseParameters(config) * (3 + (2 * stateCopies)), tensors];
    }

    /// <summary>Elements of all parameters that every rank has: towers and interaction.</summary>
    public static long DenseParameters(DlrmConfig config) =>
        config.ParameterCount - TableLayout.Of(config).Sum(layout => layout.ParameterCount);

    private static void AddLayer(double[] units, double from, double to, double samples, double gflops, int products)
    {
        units[0] += 2 * products * samples * from * to / gflops;
        units[1] += products * samples * (from + to);
        units[2] += products * from * to;
        units[3] += products;
    }
}
