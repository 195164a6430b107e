namespace Dlrm.Distributed.Planning;

/// <summary>
/// Nanoseconds that it takes to read a random row, and to read and write it back, by how much memory is touched between two
/// visits of the same row: what <see cref="Kernels.RandomRowProbe"/> measures on tables of several sizes.
/// </summary>
public sealed record RowSpeeds
{
    /// <summary>Bytes of the tables walked, ascending.</summary>
    public required IReadOnlyList<double> TableBytes { get; init; }

    /// <summary>Bytes of a narrow and of a wide row.</summary>
    public required IReadOnlyList<int> RowBytes { get; init; }

    /// <summary>Reading: [row size][table size], nanoseconds a row and worker.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> GatherNanoseconds { get; init; }

    /// <summary>Reading and writing: [row size][table size], nanoseconds a row and worker.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> UpdateNanoseconds { get; init; }

    /// <summary>Reading one row.</summary>
    /// <param name="distance">Bytes touched since its last visit.</param>
    /// <param name="rowBytes">Its length.</param>
    internal double Gather(double distance, double rowBytes) => At(GatherNanoseconds, distance, rowBytes);

    /// <summary>Reading one row and writing it back.</summary>
    /// <param name="distance">Bytes touched since its last visit.</param>
    /// <param name="rowBytes">Its length.</param>
    internal double Update(double distance, double rowBytes) => At(UpdateNanoseconds, distance, rowBytes);

    /// <summary>Linear in the row's bytes, and in the logarithm of the distance; flat outside the sizes measured.</summary>
    private double At(IReadOnlyList<IReadOnlyList<double>> times, double distance, double rowBytes)
    {
        // In a uniform walk over S bytes the part of the table touched between two visits of a row is 1 − 1/e.
        double place = Math.Log(Math.Max(1, distance / (1 - Math.Exp(-1))));
        int last = TableBytes.Count - 1;
        int i = 0;
        while (i < last - 1 && Math.Log(TableBytes[i + 1]) < place)
        {
            i++;
        }

        double low = Math.Log(TableBytes[i]);
        double weight = last == 0 ? 0 : Math.Clamp((place - low) / (Math.Log(TableBytes[i + 1]) - low), 0, 1);
        double narrow = Between(times[0], i, weight);
        double wide = Between(times[1], i, weight);
        double slope = Math.Max(0, (wide - narrow) / (RowBytes[1] - RowBytes[0]));
        return Math.Max(narrow * 0.5, narrow + (slope * (rowBytes - RowBytes[0])));
    }

    private static double Between(IReadOnlyList<double> values, int i, double weight) =>
        values.Count == 1 ? values[0] : (values[i] * (1 - weight)) + (values[i + 1] * weight);
}
