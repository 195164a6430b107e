using System.Globalization;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Threading;

namespace Dlrm.Model;

/// <summary>Makes a model that predicts from a trained one, with tables and towers in fewer bits (<c>dlrm quantize</c>).</summary>
public static class ModelQuantizer
{
    private const int PieceFloats = 1 << 18;

    /// <summary>Converts a model.</summary>
    /// <param name="source">A model that is not quantized; it is left as it is.</param>
    /// <param name="precision">The bits; its <see cref="ModelPrecision.EmbeddingType"/> is for the tables of 32 bits.</param>
    /// <returns>The converted model, with the source's engine.</returns>
    /// <exception cref="ArgumentException">
    /// The source is quantized already, the precision does not fit its tables, or a row cannot be kept in 4 bits.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory for both models.</exception>
    public static DlrmModel Quantize(DlrmModel source, ModelPrecision precision)
    {
        if (source.Config.Precision.IsQuantized)
        {
            throw new ArgumentException(
                $"The model is quantized already ({source.Config.Precision}): quantize the one that it was made from.", nameof(source));
        }

        var target = new DlrmModel(source.Config with { Precision = precision }, source.Engine, optimizer: null, distributed: source.Distribution);
        try
        {
            var parameters = target.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
            foreach (Parameter from in source.Parameters)
            {
                Parameter to = parameters[from.Name];
                if (to.Storage == StorageFormat.Int8)
                {
                    parameters[from.Name + ".scale"].Value[0] = Int8Layer.Quantize(from.Value.Span, to.Packed.Span);
                    continue;
                }

                var work = new ConvertWork { From = from, To = to };
                source.Engine.Team.Run(ref work);
            }

            target.ParametersChanged();
            return target;
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    /// <summary>Whole rows, divided evenly.</summary>
    private struct ConvertWork : IParallelWork
    {
        public Parameter From;
        public Parameter To;

        public readonly void Execute(int worker, int workers)
        {
            long rows = From.Shape.Count == 1 ? 1 : From.Shape[0];
            int columns = From.Shape[^1];
            long end = rows * (worker + 1) / workers;
            long atOnce = Math.Max(1, PieceFloats / columns);
            long row = rows * worker / workers;
            float[] piece = new float[Math.Min(atOnce, end - row) * columns];
            for (; row < end; row += atOnce)
            {
                Span<float> values = piece.AsSpan(0, (int)(Math.Min(atOnce, end - row) * columns));
                From.Read(row, values);
                CheckRange(row, columns, values);
                To.Write(row, values);
            }
        }

        private readonly void CheckRange(long row, int columns, ReadOnlySpan<float> values)
        {
            float limit = To.Storage == StorageFormat.Rowwise4 ? RowCodec.Largest4 : float.MaxValue;
            for (int i = 0; i < values.Length; i++)
            {
                if (!(Math.Abs(values[i]) <= limit))
                {
                    throw new ArgumentException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{To.Name} row {row + (i / columns)} holds {values[i]}, which 4 or 8 bits cannot keep (4 bits: up to "
                        + $"±{RowCodec.Largest4}): train on, or keep this table in 32 bits (--quantize-config)."));
                }
            }
        }
    }
}
