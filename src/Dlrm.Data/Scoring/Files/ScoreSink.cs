namespace Dlrm.Data.Scoring.Files;

/// <summary>Where scores go.</summary>
internal abstract class ScoreSink : IDisposable
{
    /// <summary>Begins; the first input tells what is appended to.</summary>
    public abstract void Begin(RowInput input);

    /// <summary>Does what the workers can share. Called for different blocks at once, each with a slot of its own.</summary>
    public virtual void Prepare(RowBlock block, int slot)
    {
    }

    /// <summary>Writes a block. Called in the order of the rows.</summary>
    public abstract void Write(RowBlock block, int slot);

    /// <summary>Writes what is left.</summary>
    public abstract void Complete();

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>The sink of a format.</summary>
    /// <param name="options">What is wanted.</param>
    /// <param name="target">Where to.</param>
    /// <param name="slots">Blocks that are prepared at once.</param>
    public static ScoreSink Of(ScoringOptions options, Stream target, int slots) => options.OutputFormat switch
    {
        RowFileFormat.Arrow => new ArrowScoreSink(options, target),
        RowFileFormat.Parquet => new ParquetScoreSink(options, target),
        _ => new TextScoreSink(options, target, slots),
    };
}
