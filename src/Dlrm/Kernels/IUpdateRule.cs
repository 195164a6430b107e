namespace Dlrm.Kernels;

/// <summary>
/// What an optimizer does to the parameters of one row, given their whole gradient. A struct, so that kernels are
/// compiled with the rule inside.
/// </summary>
/// <remarks>
/// To add one: a struct here, and its optimizers in Dlrm.Optimizers. Where the rule works element by element it serves
/// dense parameters too, as a row that begins anywhere.
/// </remarks>
internal unsafe interface IUpdateRule
{
    /// <summary>True for a rule that finds the weights by itself, in a table that is not floats; it is given none.</summary>
    static virtual bool FindsWeights => false;

    /// <summary>Updates one row.</summary>
    /// <typeparam name="TSimd">The register to compute with.</typeparam>
    /// <param name="row">Row number: finds the optimizer's state.</param>
    /// <param name="weights">(D), in and out.</param>
    /// <param name="gradient">(D).</param>
    /// <param name="dimension">D.</param>
    void Apply<TSimd>(long row, float* weights, float* gradient, int dimension)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>Asks for the state of a row that will be updated soon.</summary>
    /// <param name="row">Row number.</param>
    /// <param name="dimension">D.</param>
    /// <param name="bytes">As in <see cref="Kernels.Prefetch.Row"/>.</param>
    void Prefetch(long row, int dimension, int bytes);
}
