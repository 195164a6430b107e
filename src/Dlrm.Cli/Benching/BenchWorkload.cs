namespace Dlrm.Cli.Benching;

/// <summary>A step that can be timed again and again, and the least it has to do.</summary>
internal abstract class BenchWorkload : IDisposable
{
    /// <summary>Floating-point operations of one training step's matrix products, a multiply-add counting as two.</summary>
    public abstract double TrainFlops { get; }

    /// <summary>The same of one inference step.</summary>
    public abstract double InferFlops { get; }

    /// <summary>Bytes of table rows that a step looks up.</summary>
    public abstract double GatheredBytes { get; }

    /// <summary>Floats of a table row, 0 without tables.</summary>
    public abstract int RowFloats { get; }

    /// <summary>Bytes of the largest table, 0 without.</summary>
    public abstract long LargestTableBytes { get; }

    /// <summary>Bytes that a training step reads and writes when it updates the rows it looked up.</summary>
    public double UpdatedBytes => 2 * GatheredBytes;

    /// <summary>Names of the parts of a training step, in order.</summary>
    public abstract IReadOnlyList<string> Stages { get; }

    /// <summary>One training step.</summary>
    public abstract void Train();

    /// <summary>One inference step.</summary>
    public abstract void Infer();

    /// <summary>Milliseconds that the last training step spent in each of <see cref="Stages"/>.</summary>
    /// <param name="milliseconds">Out, one a stage.</param>
    public abstract void ReadStages(Span<double> milliseconds);

    /// <summary>Gives the memory back.</summary>
    public abstract void Dispose();
}
