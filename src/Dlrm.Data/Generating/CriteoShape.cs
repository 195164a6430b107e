namespace Dlrm.Data.Generating;

/// <summary>The shape of Criteo's Kaggle logs: cardinalities, sizes of numbers, missing rates; about the real ones.</summary>
internal static class CriteoShape
{
    /// <summary>Different values of C1 … C26.</summary>
    public static readonly int[] TableRows =
    [
        1460, 583, 10131227, 2202608, 305, 24, 12517, 633, 3, 93145, 5683, 8351593, 3194, 27, 14992, 5461306, 10, 5652, 2173,
        4, 7046547, 18, 15, 286181, 105, 142572,
    ];

    /// <summary>Medians of I1 … I13.</summary>
    public static readonly double[] Medians = [1.6, 3, 6, 4, 2500, 30, 3, 8, 40, 0.9, 1.8, 0.7, 4];

    /// <summary>Standard deviations of their logarithms.</summary>
    public static readonly double[] Deviations = [1.2, 1.9, 1.4, 1, 2, 1.8, 1.3, 1, 1.4, 0.7, 1, 0.8, 1];

    /// <summary>Percent of rows in which I1 … I13 are missing.</summary>
    public static readonly int[] Missing = [45, 0, 21, 21, 3, 22, 4, 0, 4, 45, 4, 77, 21];
}
