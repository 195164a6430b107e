using System.Globalization;
using Dlrm.Layers;

namespace Dlrm.Model;

/// <summary>What one embedding table of a model is made of, without making it.</summary>
/// <param name="Number">Which categorical feature, from 0.</param>
/// <param name="Rows">E.</param>
/// <param name="Dimension">Elements of a row.</param>
/// <param name="PooledDimension">Elements of the pooled vector.</param>
public sealed record TableLayout(int Number, int Rows, int Dimension, int PooledDimension)
{
    /// <summary>How it is split into quotient and remainder; null when it is not.</summary>
    public QuotientRemainderOptions? QuotientRemainder { get; init; }

    /// <summary>Elements of its parameters.</summary>
    public long ParameterCount => QuotientRemainder is { } split
        ? ((long)QuotientRemainderTable.QuotientRows(Rows, split.Collisions) + split.Collisions) * Dimension
        : (long)Rows * Dimension;

    /// <summary>Its shape for a person, e.g. <c>301 × 8</c> or <c>(76 + 4) × 8 mult</c>.</summary>
    public string Shape => QuotientRemainder is { } split
        ? $"({Count(QuotientRemainderTable.QuotientRows(Rows, split.Collisions))} + {Count(split.Collisions)}) × {Count(Dimension)} "
            + split.Operation
        : $"{Count(Rows)} × {Count(Dimension)}";

    /// <summary>The tables of a model.</summary>
    /// <param name="config">A valid architecture.</param>
    public static TableLayout[] Of(DlrmConfig config)
    {
        var layouts = new TableLayout[config.TableRows.Count];
        for (int table = 0; table < layouts.Length; table++)
        {
            int rows = config.TableRows[table];
            layouts[table] = config.QuotientRemainder is { } split && rows > split.Threshold
                ? new TableLayout(table, rows, config.EmbeddingDimension, config.FeatureDimension) { QuotientRemainder = split }
                : new TableLayout(table, rows, config.FeatureDimension, config.FeatureDimension);
        }

        return layouts;
    }

    /// <summary>Makes the table, zeroed.</summary>
    /// <param name="engine">What to compute with.</param>
    internal EmbeddingTable Create(Engine engine) => QuotientRemainder is { } split
        ? new QuotientRemainderTable(engine, Number, Rows, Dimension, split.Collisions, split.ToOperation())
        : new FullEmbeddingTable(Number, Rows, Dimension);

    private static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
