using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Data;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Threading;

namespace Dlrm.Cli.Benching;

/// <summary>How fast raw text becomes a data set folder, how fast the folder gives batches, and what an epoch waits for them.</summary>
internal static class DataBench
{
    /// <summary>The preset's name.</summary>
    public const string Name = "preprocess";

    /// <summary>What it measures.</summary>
    public const string Summary = "Criteo-like text to a data set folder, batches from it, an epoch fed by them";

    private const long TextBytes = 256 << 20;
    private const long TableBytes = 64 << 20;
    private const int BatchSize = 2048;

    /// <summary>Measures and prints.</summary>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="rounds">How often; the best counts.</param>
    /// <param name="json">One object in place of lines.</param>
    /// <param name="writer">Where to.</param>
    public static void Run(int threads, int rounds, bool json, TextWriter writer)
    {
        threads = threads == 0 ? WorkerTeam.DefaultWorkers : threads;
        string folder = Directory.CreateTempSubdirectory("dlrm-bench-").FullName;
        try
        {
            string text = Path.Combine(folder, "train.txt");
            using (FileStream stream = File.Create(text))
            {
                CriteoLikeText.Write(stream, TextBytes, seed: 7);
            }

            Print(Measure(folder, text, threads, Math.Max(rounds, 1)), json, writer);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static JsonObject Measure(string folder, string text, int threads, int rounds)
    {
        double megabytes = new FileInfo(text).Length / 1e6;
        string output = Path.Combine(folder, "set");
        (double wall, double busy) = Best(rounds, output, () => CriteoPreprocessor.Run(new CriteoPreprocessOptions
        {
            Inputs = [text],
            Output = output,
            Threads = threads,
        }));
        double plain = Table(folder, text, threads, rounds, quoted: false);
        double quoted = Table(folder, text, threads, rounds, quoted: true);

        using var set = DataSetFolder.Open(output);
        double inOrder = Loader(set, shuffled: false, rounds);
        double shuffled = Loader(set, shuffled: true, rounds);
        using var fed = new FolderBatchSource(set, "train", BatchSize, 7ul, bufferRows: 1 << 18);
        (double rateOfBare, double waiting) = FedTrainingBench.Measure(fed, threads);
        return new JsonObject
        {
            ["preset"] = Name,
            ["threads"] = threads,
            ["text_mb"] = Math.Round(megabytes, 1),
            ["rows"] = set.Description.Rows,
            ["preprocess_mb_per_s"] = Math.Round(megabytes / wall, 1),
            ["preprocess_mb_per_core_s"] = Math.Round(megabytes / busy, 1),
            ["csv_mb_per_core_s"] = Math.Round(plain, 1),
            ["quoted_csv_mb_per_core_s"] = Math.Round(quoted, 1),
            ["loader_samples_per_core_s"] = Math.Round(inOrder),
            ["loader_shuffled_samples_per_core_s"] = Math.Round(shuffled),
            ["epoch_rate_of_bare_steps"] = Math.Round(rateOfBare, 4),
            ["waiting_share_of_epoch"] = Math.Round(waiting, 5),
        };
    }

    /// <summary>Megabytes of comma-separated text a second of processor time: the first rows, with a header, by a schema.</summary>
    private static double Table(string folder, string text, int threads, int rounds, bool quoted)
    {
        string file = Path.Combine(folder, "table.csv");
        string output = Path.Combine(folder, "table");
        CriteoLikeText.WriteTable(text, file, TableBytes, quoted);
        (_, double busy) = Best(rounds, output, () => Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [file],
            Output = output,
            Threads = threads,
            Schema = new DataSchema
            {
                Label = CriteoColumns.Names[0],
                Dense = [.. CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense).Select(name => new DenseColumn { Column = name, Log1p = true })],
                Sparse = [.. CriteoColumns.Names.Skip(1 + CriteoColumns.Dense).Select(name => new SparseColumn { Column = name })],
            },
        }));
        double megabytes = new FileInfo(file).Length / 1e6;
        File.Delete(file);
        Directory.Delete(output, recursive: true);
        return megabytes / busy;
    }

    /// <summary>Wall and processor seconds of what makes a folder that is not there, each the best of some.</summary>
    private static (double Wall, double Busy) Best(int rounds, string output, Action make)
    {
        double wall = double.MaxValue;
        double busy = double.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            if (Directory.Exists(output))
            {
                Directory.Delete(output, recursive: true);
            }

            (double seconds, double processor) = Time(make);
            wall = Math.Min(wall, seconds);
            busy = Math.Min(busy, processor);
        }

        return (wall, busy);
    }

    /// <summary>Samples a second of processor time, one pass, the best of some.</summary>
    private static double Loader(DataSetFolder set, bool shuffled, int rounds)
    {
        using var source = new FolderBatchSource(set, "train", BatchSize, shuffled ? 7ul : null, bufferRows: 1 << 18);
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        double best = double.MaxValue;
        for (int round = 0; round < rounds + 1; round++)
        {
            (_, double processor) = Time(() =>
            {
                for (int index = 0; index < source.BatchCount; index++)
                {
                    source.Read(index, batch);
                }
            });
            best = Math.Min(best, processor);
        }

        return source.SampleCount / best;
    }

    private static (double Seconds, double Processor) Time(Action action)
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        action();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        return (seconds, (process.TotalProcessorTime - before).TotalSeconds);
    }

    private static void Print(JsonObject result, bool json, TextWriter writer)
    {
        if (json)
        {
            writer.WriteLine(result.ToJsonString());
            return;
        }

        foreach ((string name, JsonNode? value) in result)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name.Replace('_', ' '),-36}{value}"));
        }
    }
}
