using Dlrm.Kernels;
using Dlrm.Memory;

namespace Dlrm.Optimizers;

/// <summary>Counts Adam's steps t and gives the corrections 1 − β₁ᵗ and √(1 − β₂ᵗ).</summary>
/// <remarks>
/// t is kept as a float, as in PyTorch: state for a checkpoint. It stays at 2²⁴, where both powers have long been 0.
/// </remarks>
internal sealed class AdamSteps
{
    private const float Most = 1 << 24;

    public AdamSteps(string name) => State = new OptimizerState(name, [1], new NativeBuffer<float>(1));

    public OptimizerState State { get; }

    /// <summary>1 − β₁ᵗ.</summary>
    public double First { get; private set; }

    /// <summary>√(1 − β₂ᵗ).</summary>
    public double SecondRoot { get; private set; }

    public void Next()
    {
        float step = Math.Min(State.Value[0] + 1, Most);
        State.Value[0] = step;
        First = 1 - Power(AdamRule.Beta1, (int)step);
        SecondRoot = Math.Sqrt(1 - Power(AdamRule.Beta2, (int)step));
    }

    /// <summary>By squaring: the same bits on every machine, which Math.Pow does not promise.</summary>
    private static double Power(double value, int exponent)
    {
        double power = 1;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) == 1)
            {
                power *= value;
            }

            value *= value;
        }

        return power;
    }
}
