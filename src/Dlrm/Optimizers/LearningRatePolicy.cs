namespace Dlrm.Optimizers;

/// <summary>The learning rate of every step: linear warm-up, quadratic decay, and the last rate kept in between and after.</summary>
/// <remarks>
/// A pure function of the step, so a resumed run needs no state. Steps count from 1, and s is the step about to be
/// taken; W warm-up steps, decay over [start, start + n):
/// <list type="bullet">
/// <item><description>s &lt; W: base · (1 − (W − s) / W);</description></item>
/// <item><description>start ≤ s &lt; start + n: base · ((n − (s − start)) / n)², at least 1e-7;</description></item>
/// <item><description>else the rate of the last step of either kind, or base if there was none or n = 0.</description></item>
/// </list>
/// So between a warm-up and a decay the rate stays at base · (1 − 1 / W): as in the reference's LRPolicyScheduler.
/// </remarks>
public sealed class LearningRatePolicy : LearningRateSchedule
{
    private const double Least = 1e-7;

    /// <summary>Fixes the policy.</summary>
    /// <param name="baseRate">Of <c>--learning-rate</c>.</param>
    /// <param name="warmupSteps">W of <c>--lr-num-warmup-steps</c>; 0 for none.</param>
    /// <param name="decayStart">Of <c>--lr-decay-start-step</c>; only used when there is a decay.</param>
    /// <param name="decaySteps">n of <c>--lr-num-decay-steps</c>; 0 for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of steps is negative.</exception>
    /// <exception cref="ArgumentException">The decay would start before the warm-up ends.</exception>
    public LearningRatePolicy(double baseRate, long warmupSteps = 0, long decayStart = 0, long decaySteps = 0)
        : base(baseRate, warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decayStart);
        ArgumentOutOfRangeException.ThrowIfNegative(decaySteps);
        if (decaySteps > 0 && decayStart < warmupSteps)
        {
            throw new ArgumentException(
                $"The learning rate's decay starts at step {decayStart}, before the warm-up of {warmupSteps} steps ends: "
                + $"set --lr-decay-start-step to {warmupSteps} or more, or --lr-num-warmup-steps to {decayStart} or less.",
                nameof(decayStart));
        }

        DecayStart = decayStart;
        DecaySteps = decaySteps;
    }

    /// <summary>First step of the decay.</summary>
    public long DecayStart { get; }

    /// <summary>n.</summary>
    public long DecaySteps { get; }

    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        long decayEnd = DecayStart + DecaySteps;
        if (step < WarmupSteps)
        {
            return Warmup(step);
        }

        if (DecaySteps == 0)
        {
            return BaseRate;
        }

        if (step < DecayStart || decayEnd <= 1)
        {
            return WarmupSteps > 1 ? Warmup(WarmupSteps - 1) : BaseRate;
        }

        return Decay(Math.Min(step, decayEnd - 1));
    }

    private double Decay(long step)
    {
        double left = (DecaySteps - (step - DecayStart)) / (double)DecaySteps;
        return Math.Max(Least, BaseRate * (left * left));
    }
}
