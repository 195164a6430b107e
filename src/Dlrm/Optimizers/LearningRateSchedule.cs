namespace Dlrm.Optimizers;

/// <summary>The learning rate of every step.</summary>
/// <remarks>
/// A pure function of the step, so a resumed run needs no state. To add one: a class here, and a line in
/// <see cref="Create"/>.
/// </remarks>
public abstract class LearningRateSchedule
{
    /// <summary>Fixes what all schedules have.</summary>
    /// <param name="baseRate">Of <c>--learning-rate</c>.</param>
    /// <param name="warmupSteps">W: steps over which the rate rises linearly to the base; 0 for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of steps is negative.</exception>
    protected LearningRateSchedule(double baseRate, long warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        BaseRate = baseRate;
        WarmupSteps = warmupSteps;
    }

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["policy", "constant", "cosine", "step"];

    /// <summary>The rate without warm-up and decay.</summary>
    public double BaseRate { get; }

    /// <summary>W.</summary>
    public long WarmupSteps { get; }

    /// <summary>Makes the schedule called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="baseRate">The rate without warm-up and decay.</param>
    /// <param name="warmupSteps">W.</param>
    /// <param name="decayStart">The step from which the rate falls.</param>
    /// <param name="decaySteps">Over, or after, how many steps; 0 for none (cosine: up to the last step).</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    /// <exception cref="ArgumentException">There is no such schedule, or the numbers contradict one another.</exception>
    public static LearningRateSchedule Create(
        string name, double baseRate, long warmupSteps, long decayStart, long decaySteps, long totalSteps) => name switch
        {
            "policy" => new LearningRatePolicy(baseRate, warmupSteps, decayStart, decaySteps),
            "constant" => new ConstantLearningRate(baseRate, warmupSteps),
            "cosine" => new CosineLearningRate(
                baseRate, warmupSteps, decayStart, decaySteps > 0 ? decaySteps : Math.Max(totalSteps - Math.Max(decayStart, warmupSteps), 1)),
            "step" => new StepLearningRate(baseRate, warmupSteps, decayStart, decaySteps),
            _ => throw new ArgumentException($"There is no schedule '{name}'; there are {string.Join(", ", Names)}.", nameof(name)),
        };

    /// <summary>The rate that a step is taken with.</summary>
    /// <param name="step">From 1: steps taken before, plus one.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is below 1.</exception>
    public abstract double RateAt(long step);

    /// <summary>The rate of a step below W: base · (1 − (W − s) / W).</summary>
    /// <param name="step">s.</param>
    protected double Warmup(long step) => BaseRate * (1.0 - ((WarmupSteps - step) / (double)WarmupSteps));
}
