using Dlrm.Kernels;

namespace Dlrm.Data.Scoring;

/// <summary>How a saved model is opened to score.</summary>
public sealed record ScorerOptions
{
    /// <summary>Threads that compute; 0 for as many as the machine has cores.</summary>
    public int Threads { get; init; }

    /// <summary>The instruction set; null for the best of this processor. Scores do not depend on it.</summary>
    public InstructionSet? InstructionSet { get; init; }

    /// <summary>
    /// True to bring the scores of a model that saw only some of the negatives to the rate among all rows
    /// (<see cref="Model.PriorShift"/>).
    /// </summary>
    public bool PriorCorrection { get; init; } = true;

    /// <summary>True to compare every byte of the model's files with its manifest.</summary>
    public bool VerifyHashes { get; init; } = true;
}
