namespace Dlrm.Optimizers;

/// <summary>A linear warm-up, then the base rate.</summary>
/// <param name="baseRate">The rate.</param>
/// <param name="warmupSteps">W; 0 for none.</param>
public sealed class ConstantLearningRate(double baseRate, long warmupSteps = 0) : LearningRateSchedule(baseRate, warmupSteps)
{
    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        return step < WarmupSteps ? Warmup(step) : BaseRate;
    }
}
