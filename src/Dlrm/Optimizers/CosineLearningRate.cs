namespace Dlrm.Optimizers;

/// <summary>A linear warm-up, the base rate, then half a cosine down to 0 (Loshchilov, Hutter 2017, without restarts).</summary>
/// <remarks>
/// With d = max(start, W) and n steps of decay: s ≤ d: base; s &gt; d: base · (1 + cos(π · min((s − d) / n, 1))) / 2. The
/// cosine is a polynomial in plain double arithmetic, the same bits on every machine.
/// </remarks>
public sealed class CosineLearningRate : LearningRateSchedule
{
    private readonly long _start;
    private readonly long _steps;

    /// <summary>Fixes the schedule.</summary>
    /// <param name="baseRate">The rate before the decay.</param>
    /// <param name="warmupSteps">W; 0 for none.</param>
    /// <param name="decayStart">The last step at the base rate; W at least.</param>
    /// <param name="decaySteps">n, 1 or more.</param>
    public CosineLearningRate(double baseRate, long warmupSteps, long decayStart, long decaySteps)
        : base(baseRate, warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decayStart);
        ArgumentOutOfRangeException.ThrowIfLessThan(decaySteps, 1);
        _start = Math.Max(decayStart, warmupSteps);
        _steps = decaySteps;
    }

    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        if (step < WarmupSteps)
        {
            return Warmup(step);
        }

        double done = step <= _start ? 0 : Math.Min((step - _start) / (double)_steps, 1);
        return BaseRate * Math.Max(0.5 * (1 - SineOf(Math.PI * (done - 0.5))), 0);
    }

    /// <summary>Taylor's series for |x| ≤ π / 2, exact to some 1e-16: cos(π·p) = −sin(π·(p − ½)).</summary>
    private static double SineOf(double x)
    {
        double square = x * x;
        double sum = 1;
        for (int factor = 22; factor >= 2; factor -= 2)
        {
            sum = 1 - (square / (factor * (factor + 1)) * sum);
        }

        return x * sum;
    }
}
