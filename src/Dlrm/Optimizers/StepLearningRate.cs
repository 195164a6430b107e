namespace Dlrm.Optimizers;

/// <summary>A linear warm-up, the base rate, then a tenth of the rate at the decay's start and every n steps after it.</summary>
/// <remarks>Step s ≥ start &gt; 0, or s &gt; n with start 0: base · 0.1^k, k the drops until then. Without n: one drop.</remarks>
public sealed class StepLearningRate : LearningRateSchedule
{
    private readonly long _start;
    private readonly long _steps;

    /// <summary>Fixes the schedule.</summary>
    /// <param name="baseRate">The rate before the first drop.</param>
    /// <param name="warmupSteps">W; 0 for none.</param>
    /// <param name="decayStart">The step of the first drop; 0 for n + 1.</param>
    /// <param name="decaySteps">n: steps from one drop to the next; 0 for a single drop at <paramref name="decayStart"/>.</param>
    public StepLearningRate(double baseRate, long warmupSteps, long decayStart, long decaySteps)
        : base(baseRate, warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decayStart);
        ArgumentOutOfRangeException.ThrowIfNegative(decaySteps);
        _steps = decaySteps;
        _start = decayStart > 0 ? decayStart : decaySteps > 0 ? decaySteps + 1 : long.MaxValue;
    }

    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        if (step < WarmupSteps)
        {
            return Warmup(step);
        }

        long drops = step < _start ? 0 : 1 + (_steps > 0 ? (step - _start) / _steps : 0);
        double rate = BaseRate;
        for (long drop = 0; drop < drops && rate > 0; drop++)
        {
            rate /= 10;
        }

        return rate;
    }
}
