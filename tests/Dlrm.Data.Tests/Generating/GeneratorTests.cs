using System.Globalization;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Generating;
using Dlrm.Data.Preprocessing;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Data.Tests.Generating;

public sealed class GeneratorTests
{
    private const int Rows = 10_000;

    [Theory]
    [InlineData(GeneratedFormat.DataSet)]
    [InlineData(GeneratedFormat.Criteo)]
    [InlineData(GeneratedFormat.Tsv)]
    [InlineData(GeneratedFormat.Parquet)]
    public void Any_number_of_threads_gives_the_same_bytes(GeneratedFormat format)
    {
        using var folder = new TemporaryFolder();
        GeneratorReport one = Generator.Run(Options(folder["one"], format) with { Threads = 1 });
        GeneratorReport three = Generator.Run(Options(folder["three"], format) with { Threads = 3 });
        Assert.Equal(one.ToJson().ToJsonString(), three.ToJson().ToJsonString());
        if (format == GeneratedFormat.DataSet)
        {
            foreach (string file in Directory.GetFiles(folder["one"]))
            {
                Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder["three"], Path.GetFileName(file))));
            }
        }
        else
        {
            Assert.Equal(File.ReadAllBytes(folder["one"]), File.ReadAllBytes(folder["three"]));
        }
    }

    [Fact]
    public void Another_seed_gives_other_rows()
    {
        using var folder = new TemporaryFolder();
        Generator.Run(Options(folder["one"], GeneratedFormat.Criteo) with { Rows = 100 });
        Generator.Run(Options(folder["two"], GeneratedFormat.Criteo) with { Rows = 100, Seed = 8 });
        Assert.NotEqual(File.ReadAllBytes(folder["one"]), File.ReadAllBytes(folder["two"]));
    }

    /// <summary>Ranks of a million draws against the law's own shares, computed by summing it.</summary>
    [Theory]
    [InlineData(100_000, 1.1)]
    [InlineData(5000, 1.0)]
    [InlineData(7, 0)]
    [InlineData(1_000_000, 0.7)]
    [InlineData(3, 2.5)]
    [InlineData(1, 1.1)]
    public void Categories_follow_the_power_law(int count, double skew)
    {
        const int Draws = 1_000_000;
        var law = new PowerLaw(count, skew);
        var random = new SplitMix64(1, 2);
        var seen = new int[count];
        for (int draw = 0; draw < Draws; draw++)
        {
            seen[law.Draw(ref random)]++;
        }

        double sum = Enumerable.Range(1, count).Sum(rank => Math.Pow(rank, -skew));
        double share = 0;
        long below = 0;
        int next = 1;
        for (int rank = 0; rank < count; rank++)
        {
            share += Math.Pow(rank + 1, -skew) / sum;
            below += seen[rank];
            if (rank + 1 == next || rank == count - 1)
            {
                double deviation = Math.Sqrt(Math.Max(0, share * (1 - share)) / Draws);
                Assert.InRange((double)below / Draws, share - (5 * deviation) - 1e-9, share + (5 * deviation) + 1e-9);
                next *= 2;
            }
        }
    }

    [Fact]
    public void An_oracle_that_scores_the_rows_gets_the_best_auc_and_log_loss()
    {
        using var folder = new TemporaryFolder();
        GeneratorOptions options = Options(folder["data"], GeneratedFormat.Criteo);
        GeneratorReport report = Generator.Run(options);
        var model = new PlantedModel(options);
        using var metrics = new MetricsAccumulator();
        using var test = new MetricsAccumulator();
        string[] lines = File.ReadAllLines(folder["data"]);
        long[] parts = Generator.PartRows(Rows);
        var dense = new int[CriteoColumns.Dense];
        var ranks = new int[CriteoColumns.Categorical];
        for (int row = 0; row < lines.Length; row++)
        {
            string[] fields = lines[row].Split('\t');
            for (int number = 0; number < dense.Length; number++)
            {
                dense[number] = fields[1 + number].Length == 0 ? 0 : int.Parse(fields[1 + number], CultureInfo.InvariantCulture);
            }

            for (int table = 0; table < ranks.Length; table++)
            {
                uint value = uint.Parse(fields[1 + dense.Length + table], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                ranks[table] = (int)(value % (uint)report.TableRows[table]);
            }

            float[] score = [(float)PlantedModel.Probability(model.Logit(dense, ranks))];
            float[] label = [fields[0][0] - '0'];
            metrics.Add(score, label);
            if (row >= parts[0] && row < parts[0] + parts[1])
            {
                test.Add(score, label);
            }
        }

        Assert.Equal(Rows, lines.Length);
        AssertSame(metrics.Compute(), report.All);
        AssertSame(test.Compute(), report.Parts["test"]);
        Assert.InRange(report.All.LabelRate, 0.235, 0.277);
        Assert.InRange(report.All.Auc!.Value, 0.78, 0.82);
        Assert.Equal(report.All.Auc.Value, report.All.ExpectedAuc, 0.02);
        Assert.Equal(report.All.LogLoss, report.All.ExpectedLogLoss, 0.02);
    }

    [Theory]
    [InlineData(0.05, 0.7)]
    [InlineData(0.5, 0.9)]
    public void Label_rate_and_best_auc_come_near_what_is_asked(double rate, double auc)
    {
        using var folder = new TemporaryFolder();
        BestScores best = Generator.Run(Options(folder["a"], GeneratedFormat.Criteo) with { LabelRate = rate, BestAuc = auc }).All;
        Assert.Equal(rate, best.LabelRate, 0.02);
        Assert.Equal(auc, best.ExpectedAuc, 0.02);
    }

    [Theory]
    [InlineData(GeneratedFormat.Tsv)]
    [InlineData(GeneratedFormat.Parquet)]
    public void Preprocessing_a_file_with_its_schema_gives_the_data_set_that_is_made_at_once(GeneratedFormat format)
    {
        using var folder = new TemporaryFolder();
        string file = folder[format == GeneratedFormat.Tsv ? "a.tsv" : "a.parquet"];
        Generator.Run(Options(folder["direct"], GeneratedFormat.DataSet) with { Rows = 3000 });
        Generator.Run(Options(file, format) with { Rows = 3000 });
        Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [file],
            Output = folder["made"],
            Schema = DataSchema.Read(file + ".schema.json"),
            Split = "none",
        });
        using DataSetFolder direct = DataSetFolder.Open(folder["direct"], verify: true);
        using DataSetFolder made = DataSetFolder.Open(folder["made"]);
        Assert.Equal(direct.TableRows, made.TableRows);
        using var expected = new FolderBatchSource(direct, "train", 2572);
        using var actual = new FolderBatchSource(made, "train", 2572);
        using var one = new Batch(13, 26);
        using var two = new Batch(13, 26);
        expected.Read(0, one);
        actual.Read(0, two);
        Assert.Equal(2572, one.Size);
        Assert.True(one.Dense.SequenceEqual(two.Dense));
        Assert.True(one.Labels.SequenceEqual(two.Labels));
        for (int table = 0; table < 26; table++)
        {
            Assert.True(one.Indices(table).SequenceEqual(two.Indices(table)));
        }
    }

    [Fact]
    public void What_is_there_is_kept_or_refused_with_the_difference()
    {
        using var folder = new TemporaryFolder();
        foreach (GeneratedFormat format in new[] { GeneratedFormat.Criteo, GeneratedFormat.DataSet })
        {
            GeneratorOptions options = Options(folder["x-" + format], format) with { Rows = 50 };
            GeneratorReport first = Generator.Run(options);
            GeneratorReport again = Generator.Run(options);
            Assert.True(again.WasThere);
            Assert.Equal(first.ToJson().ToJsonString(), again.ToJson().ToJsonString());
            Assert.Contains("skew", Assert.Throws<BadDataException>(() => Generator.Run(options with { Skew = 1 })).Message, StringComparison.Ordinal);
            Assert.False(Generator.Run(options with { Skew = 1, Overwrite = true }).WasThere);
        }
    }

    [Fact]
    public void Stopped_it_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        foreach (GeneratedFormat format in Enum.GetValues<GeneratedFormat>())
        {
            Assert.Throws<OperationCanceledException>(() => Generator.Run(Options(folder["x"], format), null, stop.Token));
            Assert.Empty(folder.Files);
            Assert.False(Directory.Exists(folder["x.partial"]));
        }
    }

    [Fact]
    public void Options_that_cannot_be_are_named()
    {
        GeneratorOptions options = Options("x", GeneratedFormat.Criteo);
        Assert.Contains("--rows", Assert.Throws<ArgumentException>(() => Generator.Run(options with { Rows = 3 })).Message, StringComparison.Ordinal);
        Assert.Contains("--skew", Assert.Throws<ArgumentException>(() => Generator.Run(options with { Skew = double.NaN })).Message, StringComparison.Ordinal);
        Assert.Contains("--best-auc", Assert.Throws<ArgumentException>(() => Generator.Run(options with { BestAuc = 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exponential_and_logarithm_are_the_systems_to_a_few_units()
    {
        for (int i = -60_000; i < 60_000; i += 7)
        {
            double x = i / 100.0;
            Assert.Equal(1, PortableMath.Exp(x) / Math.Exp(x), 1e-13);
            double y = Math.Exp(x / 10);
            Assert.Equal(Math.Log(y), PortableMath.Log(y), 1e-14 * (1 + Math.Abs(x)));
        }
    }

    private static void AssertSame(EvaluationMetrics metrics, BestScores best)
    {
        Assert.Equal(metrics.Samples, best.Rows);
        Assert.Equal(metrics.LabelRate, best.LabelRate, 1e-9);
        Assert.Equal(metrics.Auc!.Value, best.Auc!.Value, 1e-5);
        Assert.Equal(metrics.LogLoss!.Value, best.LogLoss, 1e-6);
    }

    private static GeneratorOptions Options(string output, GeneratedFormat format) => new()
    {
        Rows = Rows,
        Output = output,
        Format = format,
        Seed = 7,
        MaxTableRows = 50_000,
    };
}
