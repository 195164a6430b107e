using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Model;

/// <content>One context scored with many candidates.</content>
public sealed partial class DlrmModel
{
    /// <summary>
    /// Scores B candidates that share a context: what the context decides is looked up and computed once, for sample 0, and
    /// serves all samples. The scores are those of <see cref="Predict"/> on B complete samples, to the bit.
    /// </summary>
    /// <param name="batch">
    /// The candidates. A shared table has its lookups in sample 0 alone: its other bags are empty.
    /// </param>
    /// <param name="sharedTables">(T): true where the context decides the lookups.</param>
    /// <param name="sharedDense">True when all dense features are the context's: those of sample 0 alone are read.</param>
    /// <returns>Probabilities (B), valid until the next call.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    /// <exception cref="ArgumentException">Another number of tables.</exception>
    internal ReadOnlySpan<float> PredictShared(Batch batch, ReadOnlySpan<bool> sharedTables, bool sharedDense)
    {
        if (batch.DenseFeatures != Config.DenseFeatures || batch.Tables != Config.TableRows.Count || sharedTables.Length != batch.Tables)
        {
            throw new ArgumentException(
                $"The batch has {batch.DenseFeatures} dense features and {batch.Tables} tables ({sharedTables.Length} flags); the model takes "
                + $"{Config.DenseFeatures} and {Config.TableRows.Count}.",
                nameof(batch));
        }

        _forwarded = null;
        _tables.Validate(batch);
        _activations.Resize(batch.Size);
        _bottom.Reserve(batch.Size);
        _interaction.Reserve(batch.Size);
        _top.Reserve(batch.Size);
        Activations a = _activations;
        int samples = sharedDense ? Math.Min(1, batch.Size) : batch.Size;
        _bottom.ForwardPass(
            batch.DenseMatrix.Top(samples), a.Features.Top(samples).ColumnRange(0, Config.FeatureDimension), default);
        _tables.Forward(batch, a.Features);
        Spread(a.Features, sharedTables, sharedDense);
        if (!_interaction.IsIdentity)
        {
            _interaction.Forward(Engine, a.Features, a.Interacted);
        }

        _top.ForwardPass(a.Interacted, a.LogitColumn, default);
        _loss.Predict(Engine, a.Logits, a.Probabilities);
        return a.Probabilities;
    }

    /// <summary>Copies the features of sample 0 that are shared to the other samples; slot 0 is the dense one.</summary>
    private void Spread(MatrixView features, ReadOnlySpan<bool> sharedTables, bool sharedDense)
    {
        int width = Config.FeatureDimension;
        for (int sample = 1; sample < features.Rows; sample++)
        {
            Span<float> row = features.Row(sample);
            ReadOnlySpan<float> first = features.Row(0);
            if (sharedDense)
            {
                first[..width].CopyTo(row);
            }

            for (int table = 0; table < sharedTables.Length; table++)
            {
                if (sharedTables[table])
                {
                    int at = (table + 1) * width;
                    first.Slice(at, width).CopyTo(row[at..]);
                }
            }
        }
    }
}
