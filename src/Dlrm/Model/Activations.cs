using System.Globalization;
using System.Text;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Model;

/// <summary>The buffers between layers, sized for the largest batch seen.</summary>
/// <remarks>
/// Rows start on cache lines where a row is long. An interaction that passes its input through (cat) gets no buffers of
/// its own: the top tower reads the features as they are.
/// </remarks>
internal sealed class Activations(int featureWidth, Interaction interaction, bool training) : IDisposable
{
    private readonly int _interactedStride = interaction.IsIdentity ? featureWidth : Align(interaction.Width);
    private NativeBuffer<float> _features = new(0);
    private NativeBuffer<float> _featureGradient = new(0);
    private NativeBuffer<float> _interacted = new(0);
    private NativeBuffer<float> _interactedGradient = new(0);
    private NativeBuffer<float> _logits = new(0);
    private NativeBuffer<float> _probabilities = new(0);
    private NativeBuffer<float> _logitGradient = new(0);
    private int _size;
    private int _capacity;

    /// <summary>(B, F·D).</summary>
    public MatrixView Features => MatrixView.Over(_features, _size, featureWidth);

    /// <summary>(B, F·D).</summary>
    public MatrixView FeatureGradient => MatrixView.Over(_featureGradient, _size, featureWidth);

    /// <summary>(B, W).</summary>
    public MatrixView Interacted => interaction.IsIdentity
        ? Features
        : MatrixView.Over(_interacted, _size, _interactedStride).ColumnRange(0, interaction.Width);

    /// <summary>(B, W).</summary>
    public MatrixView InteractedGradient => interaction.IsIdentity
        ? FeatureGradient
        : MatrixView.Over(_interactedGradient, _size, _interactedStride).ColumnRange(0, interaction.Width);

    /// <summary>z, (B).</summary>
    public Span<float> Logits => _logits.Slice(0, _size);

    /// <summary>z, (B, 1).</summary>
    public MatrixView LogitColumn => MatrixView.Over(_logits, _size, 1);

    /// <summary>p, (B).</summary>
    public Span<float> Probabilities => _probabilities.Slice(0, _size);

    /// <summary>∂loss/∂z, (B).</summary>
    public Span<float> LogitGradient => _logitGradient.Slice(0, _size);

    /// <summary>∂loss/∂z, (B, 1).</summary>
    public MatrixView LogitGradientColumn => MatrixView.Over(_logitGradient, _size, 1);

    /// <summary>Sets B, growing the buffers when it is the largest yet.</summary>
    public void Resize(int size)
    {
        if (size > _capacity)
        {
            Grow(ref _features, (long)size * featureWidth);
            Grow(ref _logits, size);
            Grow(ref _probabilities, size);
            if (!interaction.IsIdentity)
            {
                Grow(ref _interacted, (long)size * _interactedStride);
            }

            Grow(ref _logitGradient, size);
            if (training)
            {
                Grow(ref _featureGradient, (long)size * featureWidth);
                if (!interaction.IsIdentity)
                {
                    Grow(ref _interactedGradient, (long)size * _interactedStride);
                }
            }

            _capacity = size;
        }

        _size = size;
    }

    /// <summary>Largest magnitudes by stage, and the first value that is not finite.</summary>
    public string Describe(Batch batch, DlrmConfig config)
    {
        var text = new StringBuilder();
        Append(text, "dense input", batch.DenseMatrix);
        Append(text, "bottom MLP", Features.ColumnRange(0, config.FeatureDimension));
        for (int table = 0; table < config.TableRows.Count; table++)
        {
            MatrixView pooled = Features.ColumnRange((table + 1) * config.FeatureDimension, config.FeatureDimension);
            Append(text, string.Create(CultureInfo.InvariantCulture, $"table {table}"), pooled);
        }

        Append(text, "interaction", Interacted);
        Append(text, "logit", LogitColumn);
        return text.ToString();
    }

    public void Dispose()
    {
        _features.Dispose();
        _featureGradient.Dispose();
        _interacted.Dispose();
        _interactedGradient.Dispose();
        _logits.Dispose();
        _probabilities.Dispose();
        _logitGradient.Dispose();
    }

    private static void Append(StringBuilder text, string name, MatrixView values)
    {
        float largest = 0;
        int broken = -1;
        for (int row = 0; row < values.Rows; row++)
        {
            foreach (float value in values.Row(row))
            {
                if (!float.IsFinite(value) && broken < 0)
                {
                    broken = row;
                }

                largest = Math.Max(largest, Math.Abs(value));
            }
        }

        text.Append(text.Length == 0 ? "" : ", ");
        text.Append(CultureInfo.InvariantCulture, $"{name} {largest:g4}");
        if (broken >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" (not finite at sample {broken})");
        }
    }

    private static void Grow(ref NativeBuffer<float> buffer, long length)
    {
        buffer.Dispose();
        buffer = new NativeBuffer<float>(length);
    }

    private static int Align(int width) => (width + 15) / 16 * 16;
}
