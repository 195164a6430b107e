using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Model;

/// <summary>Smaller first values for embeddings than the reference's ±√(1/E), which for a table of few rows are large.</summary>
public static class EmbeddingBound
{
    /// <summary>
    /// Scales every table of E rows by min(1, bound·√E): what was uniform in ±√(1/E) is then uniform in ±min(√(1/E), bound).
    /// </summary>
    /// <param name="model">Just initialised.</param>
    /// <param name="bound">Above 0.</param>
    public static void Apply(DlrmModel model, double bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        foreach (Parameter table in model.Parameters.Where(parameter => parameter is { Gradient: null, Shape.Count: 2 }))
        {
            double factor = bound * Math.Sqrt(table.Shape[0]);
            if (factor < 1)
            {
                Scale(table.Value, (float)factor);
            }
        }

        model.ParametersChanged();
    }

    private static void Scale(NativeBuffer<float> values, float factor)
    {
        const int Slice = 1 << 28;
        for (long start = 0; start < values.Length; start += Slice)
        {
            foreach (ref float value in values.Slice(start, (int)Math.Min(Slice, values.Length - start)))
            {
                value *= factor;
            }
        }
    }
}
