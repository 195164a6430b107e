using System.Globalization;
using Dlrm.Kernels;
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

    /// <summary>Whether it is a mixed-dimension table, projected where it is narrower than the pooled vector.</summary>
    public bool IsMixedDimension { get; init; }

    /// <summary>Whether each row has a learned weight in its bag.</summary>
    public bool HasPoolingWeights { get; init; }

    /// <summary>Whether a bag's vector is the mean of its rows, not their sum.</summary>
    public bool IsMean { get; init; }

    /// <summary>Elements of its parameters.</summary>
    public long ParameterCount => (HasPoolingWeights ? Rows : 0) + (QuotientRemainder is { } split
        ? ((long)QuotientRemainderTable.QuotientRows(Rows, split.Collisions) + split.Collisions) * Dimension
        : ((long)Rows * Dimension) + ProjectionParameters);

    /// <summary>How its rows are kept.</summary>
    public StorageFormat Storage { get; init; }

    /// <summary>Bytes of its parameters as they are kept.</summary>
    public long Bytes
    {
        get
        {
            long rows = QuotientRemainder is { } split
                ? (long)QuotientRemainderTable.QuotientRows(Rows, split.Collisions) + split.Collisions
                : Rows;
            return (rows * Storage.RowBytes(Dimension)) + (sizeof(float) * (ParameterCount - (rows * Dimension)));
        }
    }

    /// <summary>Its shape for a person, e.g. <c>301 × 8</c>, <c>(76 + 4) × 8 mult</c> or <c>301 × 3 → 8</c>.</summary>
    public string Shape => QuotientRemainder is { } split
        ? $"({Count(QuotientRemainderTable.QuotientRows(Rows, split.Collisions))} + {Count(split.Collisions)}) × {Count(Dimension)} "
            + split.Operation
        : $"{Count(Rows)} × {Count(Dimension)}" + (Dimension < PooledDimension ? $" → {Count(PooledDimension)}" : "");

    private long ProjectionParameters => Dimension < PooledDimension ? (long)Dimension * PooledDimension : 0;

    /// <summary>The tables of a model.</summary>
    /// <param name="config">A valid architecture.</param>
    public static TableLayout[] Of(DlrmConfig config)
    {
        int[]? widths = config.MixedDimension?.Widths(config.TableRows, config.EmbeddingDimension);
        var layouts = new TableLayout[config.TableRows.Count];
        for (int table = 0; table < layouts.Length; table++)
        {
            int rows = config.TableRows[table];
            TableLayout layout = config.QuotientRemainder is { } split && rows > split.Threshold
                ? new TableLayout(table, rows, config.EmbeddingDimension, config.FeatureDimension) { QuotientRemainder = split }
                : config.MixedDimension is { } mixed && rows > mixed.Threshold
                ? new TableLayout(table, rows, widths![table], config.FeatureDimension) { IsMixedDimension = true }
                : new TableLayout(table, rows, config.FeatureDimension, config.FeatureDimension);
            layouts[table] = layout with
            {
                HasPoolingWeights = config.WeightedPooling == "learned",
                IsMean = config.Pooling[config.Pooling.Count == 1 ? 0 : table] == "mean",
                Storage = config.Precision.FormatOf(table),
            };
        }

        return layouts;
    }

    /// <summary>Makes the table, zeroed.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="training">Whether dense parameters keep a gradient.</param>
    internal EmbeddingTable Create(Engine engine, bool training)
    {
        EmbeddingTable table = CreateEmpty(engine, training);
        table.Store(Storage);
        return table;
    }

    private EmbeddingTable CreateEmpty(Engine engine, bool training)
    {
        MeanPooling? mean = IsMean ? new MeanPooling(engine) : null;
        return this switch
        {
            { QuotientRemainder: { } split } => new QuotientRemainderTable(
                engine, Number, Rows, Dimension, split.Collisions, split.ToOperation(), HasPoolingWeights) { Mean = mean },
            { IsMixedDimension: true } => new MixedDimensionTable(
                engine, Number, Rows, Dimension, PooledDimension, training, HasPoolingWeights) { Mean = mean },
            { HasPoolingWeights: true } => new WeightedEmbeddingTable(engine, Number, Rows, Dimension) { Mean = mean },
            _ => new FullEmbeddingTable(Number, Rows, Dimension) { Mean = mean },
        };
    }

    private static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
