using Dlrm.Memory;
using Dlrm.Random;

namespace Dlrm.Layers;

/// <summary>
/// Combines the bottom tower's output with the pooled embeddings into the top tower's input.
/// </summary>
/// <remarks>
/// Letters: B samples, F features (the dense one first, then one a table), D embedding_dim, W output width. Features
/// stand side by side in one matrix, (B, F·D): feature f of a sample is columns [f·D, (f + 1)·D). Implementations
/// divide the batch among the engine's workers and never change the order of additions.
/// </remarks>
public abstract class Interaction : IDisposable
{
    /// <summary>Fixes the shape.</summary>
    /// <param name="name">The name on the command line, e.g. <c>dot</c>.</param>
    /// <param name="features">F, 2 or more.</param>
    /// <param name="dimension">D, 1 or more.</param>
    /// <param name="width">W.</param>
    protected Interaction(string name, int features, int dimension, int width)
    {
        Name = name;
        Features = features;
        Dimension = dimension;
        Width = width;
    }

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>F.</summary>
    public int Features { get; }

    /// <summary>D.</summary>
    public int Dimension { get; }

    /// <summary>W: columns of the output.</summary>
    public int Width { get; }

    /// <summary>True if the output is the features as they stand, so that both may be the same memory.</summary>
    public virtual bool IsIdentity => false;

    /// <summary>What is trained; empty for most, and before <see cref="Allocate"/>.</summary>
    public virtual IReadOnlyList<Parameter> Parameters => [];

    /// <summary>Elements of all parameters, also before they exist.</summary>
    public virtual long ParameterCount => 0;

    /// <summary>Floats that the layer keeps for each sample besides input and output.</summary>
    /// <param name="training">With what the way back needs.</param>
    public virtual long FloatsPerSample(bool training) => 0;

    /// <summary>Multiplications and additions of its matrix products for one sample, forward.</summary>
    public virtual long FlopsPerSample => 0;

    /// <summary>Makes the parameters, zeroed; once, before any pass. Does nothing where there are none.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="training">Whether the parameters keep gradients, so that <see cref="Backward"/> works.</param>
    public virtual void Allocate(Engine engine, bool training)
    {
    }

    /// <summary>Gives every parameter its first value.</summary>
    /// <param name="random">Drawn from in the order of <see cref="Parameters"/>.</param>
    public virtual void Initialize(NumpyRandom random)
    {
    }

    /// <summary>To be called after parameters were written.</summary>
    public virtual void ParametersChanged()
    {
    }

    /// <summary>Makes room for a batch; only a larger one than ever before allocates.</summary>
    /// <param name="batch">B.</param>
    public virtual void Reserve(int batch)
    {
    }

    /// <summary>True while a backward pass adds to the parameters' gradients instead of overwriting them.</summary>
    public bool AccumulatesGradients { get; set; }

    /// <summary>Computes the output.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="features">(B, F·D), in.</param>
    /// <param name="output">(B, W), out.</param>
    public abstract void Forward(Engine engine, MatrixView features, MatrixView output);

    /// <summary>Computes the gradient with respect to the features.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="features">(B, F·D), as in the forward pass.</param>
    /// <param name="outputGradient">(B, W), in.</param>
    /// <param name="featureGradient">(B, F·D), out, overwritten.</param>
    public abstract void Backward(Engine engine, MatrixView features, MatrixView outputGradient, MatrixView featureGradient);

    /// <summary>Gives the parameters' memory back.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the parameters' memory back.</summary>
    /// <param name="disposing">True: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Throws unless the features are (B, F·D) and the output (B, W).</summary>
    private protected void RequireShapes(MatrixView features, MatrixView output)
    {
        if (features.Columns != Features * Dimension || output.Columns != Width || features.Rows != output.Rows)
        {
            throw new ArgumentException(
                $"Interaction '{Name}' of {Features} features of dimension {Dimension} got features "
                + $"({features.Rows}, {features.Columns}) and output ({output.Rows}, {output.Columns}); expected "
                + $"(B, {Features * Dimension}) and (B, {Width}).");
        }
    }
}
