using Dlrm.Data;
using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>A small model whose training steps are timed to learn what stages cost.</summary>
/// <param name="Config">The model.</param>
/// <param name="Batch">B.</param>
/// <param name="Lookups">L of every bag.</param>
internal sealed record CalibrationModel(DlrmConfig Config, int Batch, int Lookups)
{
    private const int Batches = 4;
    private const int LeastSteps = 5;
    private const double Seconds = 0.15;

    /// <summary>
    /// Between them narrow and wide towers, few and many tables, rows in each cache and beyond, one lookup and many: none is a
    /// model of the documentation, so what is found there was not looked at here.
    /// </summary>
    public static IReadOnlyList<CalibrationModel> All { get; } =
    [
        Make(4, 1_000, 16, [16, 128, 64, 16], [64, 1], 128, 1),
        Make(16, 30_000, 32, [32, 256, 32], [256, 128, 1], 256, 1),
        Make(4, 200_000, 64, [64, 1024, 64], [1024, 512, 1], 512, 20),
        Make(26, 20_000, 16, [13, 64, 16], [512, 512, 512, 1], 128, 1),
        Make(2, 150_000, 128, [512, 512, 128], [64, 1], 256, 50),
        Make(30, 4_000, 16, [13, 128, 16], [128, 1], 2048, 1),
        Make(8, 400_000, 32, [16, 32], [32, 1], 512, 10),
        Make(8, 50, 64, [16, 64], [32, 1], 1024, 8),
        Make(4, 100_000, 64, [64, 512, 64], [512, 256, 1], 1024, 40),
        Make(6, 1_000, 64, [32, 512, 256, 64], [768, 512, 256, 1], 2048, 1),
        Make(12, 2_000, 64, [256, 256, 64], [768, 256, 1], 64, 4),
    ];

    /// <summary>Times training steps.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <returns>Milliseconds of each <see cref="Stage"/>: the lower quartile, as another process may use the machine.</returns>
    public double[] Measure(Engine engine)
    {
        using var model = new DlrmModel(Config, engine);
        var random = new System.Random(1);
        foreach (Layers.Parameter parameter in model.Parameters.Where(parameter => parameter.Elements < 1 << 22))
        {
            // Small numbers that are no zeros: towers without them would divide no gradient among rows.
            parameter.Fill(values =>
            {
                foreach (ref float value in values)
                {
                    value = (random.NextSingle() - 0.5f) * 0.1f;
                }
            });
        }

        model.ParametersChanged();
        Batch[] batches = [.. Enumerable.Range(0, Batches).Select(_ => RandomBatch(random))];
        try
        {
            return Time(model, batches);
        }
        finally
        {
            foreach (Batch batch in batches)
            {
                batch.Dispose();
            }
        }
    }

    private static double[] Time(DlrmModel model, Batch[] batches)
    {
        Stage[] stages = Enum.GetValues<Stage>();
        var times = new List<double>[stages.Length];
        for (int stage = 0; stage < stages.Length; stage++)
        {
            times[stage] = [];
        }

        model.TrainStep(batches[0], 0.001f);
        model.TrainStep(batches[1], 0.001f);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (int step = 0; step < LeastSteps || System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds; step++)
        {
            model.Stages.Reset();
            model.TrainStep(batches[step % batches.Length], 0.001f);
            for (int stage = 0; stage < stages.Length; stage++)
            {
                times[stage].Add(model.Stages.Milliseconds(stages[stage]));
            }
        }

        return [.. times.Select(list => list.Order().ElementAt(list.Count / 4))];
    }

    private static CalibrationModel Make(int tables, int rows, int dimension, int[] bottom, int[] top, int batch, int lookups) => new(
        new DlrmConfig
        {
            TableRows = [.. Enumerable.Repeat(rows, tables)],
            EmbeddingDimension = dimension,
            BottomMlp = bottom,
            TopMlp = top,
            Loss = "bce",
        },
        batch,
        lookups);

    private Batch RandomBatch(System.Random random)
    {
        var batch = new Batch(Config.DenseFeatures, Config.TableRows.Count);
        batch.Resize(Batch);
        foreach (ref float value in batch.Dense)
        {
            value = random.NextSingle();
        }

        foreach (ref float label in batch.Labels)
        {
            label = random.Next(2);
        }

        for (int table = 0; table < Config.TableRows.Count; table++)
        {
            Span<int> offsets = batch.Offsets(table);
            for (int sample = 0; sample < offsets.Length; sample++)
            {
                offsets[sample] = sample * Lookups;
            }

            foreach (ref int index in batch.ReserveIndices(table, Batch * Lookups))
            {
                index = random.Next(Config.TableRows[table]);
            }
        }

        return batch;
    }
}
