namespace Dlrm.Data;

/// <summary>Brings dense features to mean 0 and deviation 1, so that one learning rate suits them all.</summary>
internal static class Standardization
{
    /// <summary>x = (x − mean) / deviation; a feature that is the same in all training rows only loses its mean.</summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="trainRows">Mean and deviation are those of the first so many rows, added in double precision in their order.</param>
    /// <returns>(M): the mean and the deviation of each.</returns>
    public static (double Mean, double Deviation)[] Apply(TabularDataSet rows, int trainRows)
    {
        var scales = new (double Mean, double Deviation)[rows.DenseFeatures];
        for (int feature = 0; feature < rows.DenseFeatures; feature++)
        {
            double sum = 0;
            for (int row = 0; row < trainRows; row++)
            {
                sum += rows.Dense(row, feature);
            }

            double mean = sum / trainRows;
            double squares = 0;
            for (int row = 0; row < trainRows; row++)
            {
                double difference = rows.Dense(row, feature) - mean;
                squares += difference * difference;
            }

            double deviation = Math.Sqrt(squares / trainRows);
            deviation = deviation > 0 ? deviation : 1;
            scales[feature] = (mean, deviation);
            for (int row = 0; row < rows.Rows; row++)
            {
                ref float value = ref rows.Dense(row, feature);
                value = (float)((value - mean) / deviation);
            }
        }

        return scales;
    }
}
