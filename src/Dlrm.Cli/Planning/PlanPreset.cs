using Dlrm.Cli.Options;

namespace Dlrm.Cli.Planning;

/// <summary>A model whose plan is often asked for.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Summary">What it is, for the help.</param>
/// <param name="Batch">B.</param>
/// <param name="Skew">Exponent of the power law by which rows are assumed to be used.</param>
/// <param name="Lookups">Of a bag: one number, or one a table.</param>
/// <param name="Settings">The model as options.</param>
internal sealed record PlanPreset(
    string Name, string Summary, int Batch, double Skew, IReadOnlyList<double> Lookups, IReadOnlyDictionary<ToolOption, object> Settings)
{
    /// <summary>Rows of Criteo's Terabyte logs with --max-ind-range=40000000, as MLPerf trains them: 204 million.</summary>
    private static readonly int[] TerabyteRows =
    [
        40_000_000, 39_060, 17_295, 7_424, 20_265, 3, 7_122, 1_543, 63, 40_000_000, 3_067_956, 405_282, 10, 2_209, 11_938, 155, 4, 976, 14,
        40_000_000, 40_000_000, 40_000_000, 590_152, 12_973, 108, 36,
    ];

    /// <summary>Rows of Criteo's Kaggle logs: 34 million.</summary>
    private static readonly int[] KaggleRows =
    [
        1460, 583, 10_131_227, 2_202_608, 305, 24, 12_517, 633, 3, 93_145, 5683, 8_351_593, 3194, 27, 14_992, 5_461_306, 10, 5652, 2173, 4,
        7_046_547, 18, 15, 286_181, 105, 142_572,
    ];

    /// <summary>
    /// 7,812,500,000 rows of dimension 128, which is 10¹² parameters: 8 tables of half a milliard, 16 of 150 million, 40 of 30
    /// million, 64 of 3.3 million.
    /// </summary>
    private static readonly int[] TrillionRows =
    [
        .. Enumerable.Repeat(500_000_000, 8), .. Enumerable.Repeat(150_000_000, 16), .. Enumerable.Repeat(30_000_000, 40),
        .. Enumerable.Repeat(3_320_312, 60), .. Enumerable.Repeat(3_320_320, 4),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PlanPreset> All { get; } =
    [
        new(
            "kaggle", "Criteo Kaggle, 34 million rows of 16", 2048, 1.05, [1],
            Model(KaggleRows, 16, [13, 512, 256, 64, 16], [512, 256, 1])),
        new(
            "terabyte", "Criteo Terabyte as MLPerf's DLRM, 204 million rows of 128", 65_536, 1.05, [1],
            Model(TerabyteRows, 128, [13, 512, 256, 128], [1024, 1024, 512, 256, 1])),
        new(
            "embedding-heavy", "the reference's benchmark, 8 tables of a million rows of 64, 100 lookups each", 2048, 0, [100],
            Model([.. Enumerable.Repeat(1_000_000, 8)], 64, [512, 512, 64], [1024, 1024, 1024, 1])),
        new(
            "trillion", "10^12 parameters: 128 tables of 3.3 to 500 million rows of 128, 1 to 20 lookups", 65_536, 1.05,
            [.. Enumerable.Repeat(20.0, 8), .. Enumerable.Repeat(10.0, 16), .. Enumerable.Repeat(5.0, 40), .. Enumerable.Repeat(1.0, 64)],
            Model(TrillionRows, 128, [256, 1024, 512, 128], [2048, 2048, 1024, 512, 1])),
    ];

    /// <summary>The one that the options name; null for none.</summary>
    public static PlanPreset? Of(OptionValues values) => All.FirstOrDefault(preset => preset.Name == values.Get(PlanFlags.Preset));

    private static Dictionary<ToolOption, object> Model(int[] rows, int dimension, int[] bottom, int[] top) => new()
    {
        [ModelOptions.EmbeddingRows] = rows,
        [ModelOptions.EmbeddingDimension] = (long)dimension,
        [ModelOptions.BottomMlp] = bottom,
        [ModelOptions.TopMlp] = top,
        [ModelOptions.Loss] = "bce",
    };
}
