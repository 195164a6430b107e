namespace Dlrm.Optimizers;

/// <summary>What an optimizer takes besides its name and the learning rate. The defaults are off.</summary>
public sealed record OptimizerOptions
{
    /// <summary>μ of <c>sgd</c> on the dense parameters, in [0, 1) (<c>--momentum</c>).</summary>
    public float Momentum { get; init; }

    /// <summary>λ of the dense parameters: λ·w is added to their gradient (<c>--weight-decay</c>).</summary>
    public float WeightDecay { get; init; }

    /// <summary>λ of the tables' rows that a batch looks up: λ·w is added to a row's gradient (<c>--embedding-l2</c>).</summary>
    public float EmbeddingL2 { get; init; }

    /// <summary>
    /// The dense parameters' gradient is scaled down to this Euclidean norm where it is longer; 0 for never
    /// (<c>--clip-grad-norm</c>).
    /// </summary>
    public float ClipGradientNorm { get; init; }

    /// <summary>β of <c>ftrl</c>, above 0 (<c>--ftrl-beta</c>).</summary>
    public float FtrlBeta { get; init; } = 1;

    /// <summary>λ₁ of <c>ftrl</c> (<c>--ftrl-l1</c>).</summary>
    public float FtrlL1 { get; init; }

    /// <summary>λ₂ of <c>ftrl</c> (<c>--ftrl-l2</c>).</summary>
    public float FtrlL2 { get; init; }

    /// <summary>Decay of the moving average of all parameters, in [0, 1); 0 for no average (<c>--average-weights</c>).</summary>
    public double AverageDecay { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A number lies outside; the message names it and its range.</exception>
    public void Validate()
    {
        Require(Momentum is >= 0 and < 1, Momentum, "--momentum must lie in [0, 1)");
        Require(WeightDecay is >= 0 and < float.PositiveInfinity, WeightDecay, "--weight-decay must be 0 or more");
        Require(EmbeddingL2 is >= 0 and < float.PositiveInfinity, EmbeddingL2, "--embedding-l2 must be 0 or more");
        Require(AverageDecay is >= 0 and < 1, (float)AverageDecay, "--average-weights must lie in [0, 1)");
        Require(ClipGradientNorm is >= 0 and < float.PositiveInfinity, ClipGradientNorm, "--clip-grad-norm must be 0 or more");
        Require(FtrlBeta is > 0 and < float.PositiveInfinity, FtrlBeta, "--ftrl-beta must be above 0");
        Require(FtrlL1 is >= 0 and < float.PositiveInfinity, FtrlL1, "--ftrl-l1 must be 0 or more");
        Require(FtrlL2 is >= 0 and < float.PositiveInfinity, FtrlL2, "--ftrl-l2 must be 0 or more");
    }

    private static void Require(bool holds, float value, string message)
    {
        if (!holds)
        {
            throw new ArgumentException($"{message}; it is {value}.");
        }
    }
}
