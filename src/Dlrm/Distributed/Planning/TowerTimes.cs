using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>What every rank does for its own samples, wherever the tables are.</summary>
internal sealed class TowerTimes
{
    /// <summary>Of a request.</summary>
    /// <param name="request">The model and the machine.</param>
    /// <param name="samples">Of the rank that has most.</param>
    public TowerTimes(PlanRequest request, int samples)
    {
        DlrmConfig config = request.Model;
        StageCosts prices = request.Machine.Stages;
        double scale = (double)request.Machine.Threads / request.Threads * StepModel.CrowdingOf(request);
        double gflops = request.Machine.PeakGflops * request.Machine.Threads;
        int[] top = config.TopWidths();
        Bottom = scale * CostTerms.Seconds(CostTerms.TowerForward(config.BottomMlp, samples, gflops), prices.TowerForward);
        double interaction = scale * InteractionSeconds(config, samples, gflops, 1, prices.InteractionForward, prices.TowerForward);
        double topForward = scale * CostTerms.Seconds(CostTerms.TowerForward(top, samples, gflops), prices.TowerForward);
        double loss = scale * CostTerms.Seconds(CostTerms.Loss(samples), prices.Loss);
        double topBackward = scale * CostTerms.Seconds(CostTerms.TowerBackward(top, samples, gflops, inputGradient: true), prices.TowerBackward);
        double interactionBackward = scale * InteractionSeconds(config, samples, gflops, 2, prices.InteractionBackward, prices.TowerBackward);
        BottomBackward = scale * CostTerms.Seconds(
            CostTerms.TowerBackward(config.BottomMlp, samples, gflops, inputGradient: false), prices.TowerBackward);
        DenseUpdate = scale * CostTerms.Seconds(
            CostTerms.DenseUpdate(config, Optimizers.Optimizer.StateCopies(request.Optimizer)), prices.DenseUpdate);
        InteractionTop = interaction + topForward + loss;
        Backward = topBackward + interactionBackward + BottomBackward;
        Breakdown = new Dictionary<string, double>
        {
            ["bottom_forward"] = 1e3 * Bottom,
            ["embedding_forward"] = 0,
            ["interaction_forward"] = 1e3 * interaction,
            ["top_forward"] = 1e3 * topForward,
            ["loss"] = 1e3 * loss,
            ["top_backward"] = 1e3 * topBackward,
            ["interaction_backward"] = 1e3 * interactionBackward,
            ["bottom_backward"] = 1e3 * BottomBackward,
            ["dense_update"] = 1e3 * DenseUpdate,
            ["embedding_update"] = 0,
        };
    }

    /// <summary>Seconds of the bottom tower, forward.</summary>
    public double Bottom { get; }

    /// <summary>Seconds of interaction, top tower and loss.</summary>
    public double InteractionTop { get; }

    /// <summary>Seconds of the way back.</summary>
    public double Backward { get; }

    /// <summary>Seconds of it that the bottom tower takes.</summary>
    public double BottomBackward { get; }

    /// <summary>Seconds of the optimizer on the towers.</summary>
    public double DenseUpdate { get; }

    /// <summary>Milliseconds by the names of <c>dlrm bench</c>; those of the tables are 0.</summary>
    public IReadOnlyDictionary<string, double> Breakdown { get; }

    /// <summary>Cross layers are products of matrices as towers' are; other interactions have prices of their own.</summary>
    private static double InteractionSeconds(
        DlrmConfig config, int samples, double gflops, int products, IReadOnlyList<double> own, IReadOnlyList<double> tower)
    {
        Layers.Interaction interaction = config.CreateInteraction();
        if (interaction.FlopsPerSample == 0)
        {
            return CostTerms.Seconds(CostTerms.Interaction(config, samples, gflops, products), own);
        }

        double[] units =
        [
            products * (double)interaction.FlopsPerSample * samples / gflops,
            products * 4.0 * interaction.Width * samples,
            products * (double)interaction.ParameterCount,
            products * 2.0 * (config.Cross ?? new CrossOptions()).Layers,
        ];
        return CostTerms.Seconds(units, tower);
    }
}
