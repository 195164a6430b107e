using Dlrm.Model;

namespace Dlrm.Cli.Benching;

/// <summary>A shape to measure.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Summary">What it is, for the help.</param>
/// <param name="Batch">B, unless another is asked for.</param>
/// <param name="LookupsPerBag">L of the bags of each table; one number for all tables.</param>
/// <param name="Config">The model; null for one layer of 1024 × 1024.</param>
internal sealed record BenchPreset(string Name, string Summary, int Batch, IReadOnlyList<int> LookupsPerBag, DlrmConfig? Config)
{
    private static readonly DlrmConfig Kaggle = new()
    {
        TableRows =
        [
            1460, 583, 1013122, 220260, 305, 24, 12517, 633, 3, 93145, 5683, 835159, 3194, 27, 14992, 546130, 10,
            5652, 2173, 4, 704654, 18, 15, 286181, 105, 142572,
        ],
        EmbeddingDimension = 16,
        BottomMlp = [13, 512, 256, 64, 16],
        TopMlp = [512, 256, 1],
        Loss = "bce",
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<BenchPreset> All { get; } =
    [
        new(
            "kaggle",
            "the model for Criteo Kaggle: 26 tables of dimension 16, one lookup each",
            Batch: 128,
            LookupsPerBag: [1],
            Kaggle),
        new(
            "embedding-heavy",
            "the reference's benchmark: 8 tables of a million rows, dimension 64, 100 lookups each",
            Batch: 2048,
            LookupsPerBag: [100],
            new DlrmConfig
            {
                TableRows = [.. Enumerable.Repeat(1_000_000, 8)],
                EmbeddingDimension = 64,
                BottomMlp = [512, 512, 64],
                TopMlp = [1024, 1024, 1024, 1],
                Loss = "bce",
            }),
        new("gemm", "one layer of 1024 × 1024: its three matrix products", Batch: 1024, LookupsPerBag: [0], Config: null),
        new(
            "dcnv2",
            "MLPerf's DLRM-DCNv2 with tables of at most 400,000 rows: 26 tables of dimension 128, its multi-hot sizes",
            Batch: 2048,
            LookupsPerBag: [3, 2, 1, 2, 6, 1, 1, 1, 1, 7, 3, 8, 1, 6, 9, 5, 1, 1, 1, 12, 100, 27, 10, 3, 1, 1],
            new DlrmConfig
            {
                // Criteo 1TB's, each cut to 400,000: 3.3 million rows, 1.6 GiB.
                TableRows =
                [
                    400_000, 39_060, 17_295, 7_424, 20_265, 3, 7_122, 1_543, 63, 400_000, 400_000, 400_000, 10, 2_209, 11_938,
                    155, 4, 976, 14, 400_000, 400_000, 400_000, 400_000, 12_973, 108, 36,
                ],
                EmbeddingDimension = 128,
                BottomMlp = [13, 512, 256, 128],
                TopMlp = [1024, 1024, 512, 256, 1],
                Interaction = "dcn",
                Loss = "bce",
            }),
        new("kaggle-1", "the kaggle model, one sample a step", Batch: 1, LookupsPerBag: [1], Kaggle),
    ];

    /// <summary>The preset of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists them.</exception>
    public static BenchPreset Find(string name)
        => All.FirstOrDefault(preset => preset.Name == name)
            ?? throw new ArgumentException(
                $"--preset={name}: there is no such preset; there are {string.Join(", ", All.Select(preset => preset.Name))}.");

    /// <summary>Makes it ready to run.</summary>
    /// <param name="batch">B.</param>
    /// <param name="engine">What to compute with.</param>
    /// <param name="precision">Bits of the tables in training, and of the model that predicts; null for single precision.</param>
    public BenchWorkload Create(int batch, Engine engine, ModelPrecision? precision = null)
        => Config is null
            ? new LayerWorkload(batch, engine)
            : new ModelWorkload(Config with { Precision = precision ?? ModelPrecision.Single }, batch, LookupsPerBag, engine);
}
