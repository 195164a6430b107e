namespace Dlrm.Training;

/// <summary>A training loss was NaN or infinite; the model is as it was before that step.</summary>
public sealed class NonFiniteLossException : Exception
{
    /// <summary>Describes the step.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="batch">The batch of the epoch, from 0.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="activations">The largest activations by layer.</param>
    public NonFiniteLossException(long step, int epoch, int batch, float loss, string activations)
        : base($"The loss is {loss} at step {step} (batch {batch} of epoch {epoch}). Largest activations: {activations}. "
            + "Likely a learning rate that is too high, or input that is not finite; --nan-policy=warn goes on.")
    {
        Step = step;
        Loss = loss;
    }

    /// <summary>The step, from 1.</summary>
    public long Step { get; }

    /// <summary>The loss.</summary>
    public float Loss { get; }
}
