namespace Dlrm.Data.Criteo;

/// <summary>Writes rows as batches have them: labels and numbers in float32.</summary>
internal static class CriteoRowWriter
{
    /// <summary>Writes R rows.</summary>
    /// <param name="builder">Has room for them.</param>
    /// <param name="first">Where they go.</param>
    /// <param name="labels">(R), 0 or 1.</param>
    /// <param name="dense">(R, 13) or more; becomes ln(max(value, 0) + 1).</param>
    /// <param name="indices">(R, 26) or more.</param>
    /// <remarks>A builder for 39 tables gets the 13 numbers as they are after the indices, for <see cref="NumberCategories"/>.</remarks>
    public static void Write(
        TabularDataSetBuilder builder, int first, ReadOnlySpan<byte> labels, ReadOnlySpan<int> dense, ReadOnlySpan<int> indices)
    {
        for (int row = 0; row < labels.Length; row++)
        {
            Span<int> target = builder.Row(first + row);
            target[0] = BitConverter.SingleToInt32Bits(labels[row]);
            ReadOnlySpan<int> numbers = dense.Slice(row * CriteoColumns.Dense, CriteoColumns.Dense);
            Span<int> features = target.Slice(1, CriteoColumns.Dense);
            for (int column = 0; column < features.Length; column++)
            {
                features[column] = BitConverter.SingleToInt32Bits(LogarithmOfOnePlus.Of(numbers[column]));
            }

            indices.Slice(row * CriteoColumns.Categorical, CriteoColumns.Categorical).CopyTo(target[(1 + CriteoColumns.Dense)..]);
            if (target.Length > CriteoColumns.Count)
            {
                numbers.CopyTo(target[CriteoColumns.Count..]);
            }
        }
    }
}
