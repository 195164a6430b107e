namespace Dlrm.Data.Criteo;

/// <summary>Turns labels and numbers of rows into float32, as batches have them, and adds the rows to a data set.</summary>
internal sealed class CriteoRowAppender(TabularDataSetBuilder builder)
{
    private readonly float[] _labels = new float[CriteoRowBlock.Capacity];
    private readonly float[] _dense = new float[CriteoRowBlock.Capacity * CriteoColumns.Dense];

    /// <summary>Adds R rows.</summary>
    /// <param name="labels">(R), 0 or 1.</param>
    /// <param name="dense">(R, 13) or more; becomes ln(max(value, 0) + 1).</param>
    /// <param name="indices">(R, 26) or more.</param>
    public void Append(ReadOnlySpan<byte> labels, ReadOnlySpan<int> dense, ReadOnlySpan<int> indices)
    {
        for (int row = 0; row < labels.Length; row++)
        {
            _labels[row] = labels[row];
        }

        int values = labels.Length * CriteoColumns.Dense;
        for (int value = 0; value < values; value++)
        {
            _dense[value] = LogarithmOfOnePlus.Of(dense[value]);
        }

        builder.Append(
            _labels.AsSpan(0, labels.Length), _dense.AsSpan(0, values),
            indices[..(labels.Length * CriteoColumns.Categorical)]);
    }
}
