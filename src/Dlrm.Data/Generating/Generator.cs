using System.Text.Json.Nodes;
using Dlrm.Data.Preprocessing;
using Dlrm.Threading;

namespace Dlrm.Data.Generating;

/// <summary>Makes rows in the shape of Criteo's logs, with something known to be learned in them.</summary>
/// <remarks>
/// Blocks of 4,096 rows are drawn and formatted in parallel and written in their order; memory does not depend on the
/// number of rows, nor the bytes on the number of threads. The parts are those of Criteo's Kaggle logs in the reference:
/// seven days, the last one half for test (rounded up), half for validation.
/// </remarks>
public static class Generator
{
    private const int Days = 7;

    private static readonly string[] PartNames = ["train", "test", "validation"];

    /// <summary>Makes them, unless they are there already.</summary>
    /// <param name="options">What, and where.</param>
    /// <param name="progress">Told now and then; null for nobody.</param>
    /// <param name="cancellation">Stops; what was there before stays.</param>
    /// <exception cref="ArgumentException">An option cannot be.</exception>
    /// <exception cref="BadDataException">Something else is there.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static GeneratorReport Run(
        GeneratorOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        JsonObject settings = Settings(options);
        using OutputFolder? folder = options.Format == GeneratedFormat.DataSet
            ? OutputFolder.Begin(options.Output, settings, [], options.Overwrite, cancellation)
            : null;
        string reportPath = folder is null
            ? FileSink.ReportPath(options.Output) : Path.Combine(folder.FullPath, FolderSink.ReportName);
        if (folder is null ? IsThere(options, settings, reportPath) : folder.Existing is not null)
        {
            return GeneratorReport.Read(reportPath) with { WasThere = true };
        }

        SpaceCheck.RequireDisk(options.Output, options.Rows * (options.Format is GeneratedFormat.DataSet or GeneratedFormat.Parquet ? 162 : 275));
        var model = new PlantedModel(options);
        using RowSink sink = options.Format switch
        {
            GeneratedFormat.DataSet => new FolderSink(folder!, model, settings, PartNames),
            GeneratedFormat.Parquet => new ParquetSink(options.Output, model),
            _ => new TextSink(options.Output, model, header: options.Format == GeneratedFormat.Tsv),
        };
        BestScoresSum[] sums = Write(options, model, sink, progress, cancellation);
        var report = new GeneratorReport
        {
            Settings = settings,
            TableRows = model.TableRows,
            All = BestScoresSum.Of(sums),
            Parts = PartNames.Zip(sums).Where(part => part.First == PartNames[0] || options.Rows >= 2 * Days)
                .ToDictionary(part => part.First, part => BestScoresSum.Of(part.Second)),
        };
        sink.Complete(report.ToJson());
        return report;
    }

    /// <summary>Rows of train, test and validation.</summary>
    internal static long[] PartRows(long rows)
    {
        // The first days have a row more where seven does not divide the rows, so the last one has the fewest.
        long last = rows / Days;
        return [rows - last, (last + 1) / 2, last / 2];
    }

    private static JsonObject Settings(GeneratorOptions options) => new()
    {
        ["preset"] = "criteo-like",
        ["rows"] = options.Rows,
        ["skew"] = options.Skew,
        ["seed"] = options.Seed,
        ["table-rows"] = options.MaxTableRows,
        ["label-rate"] = options.LabelRate,
        ["best-auc"] = options.BestAuc,
        ["format"] = options.Format.ToString().ToLowerInvariant(),
    };

    /// <summary>Whether the file is there as asked for; refuses another one.</summary>
    private static bool IsThere(GeneratorOptions options, JsonObject settings, string reportPath)
    {
        if (!Path.Exists(options.Output) || options.Overwrite)
        {
            return false;
        }

        string? difference = "nothing tells how it was made";
        if (File.Exists(reportPath))
        {
            JsonObject there = GeneratorReport.Read(reportPath).Settings;
            difference = settings.Select(pair => JsonDifference.First(pair.Key, there[pair.Key], pair.Value))
                .FirstOrDefault(found => found is not null);
        }

        return difference is null
            ? true
            : throw new BadDataException(options.Output, $"is there already ({difference}). Name another file, or add --overwrite.");
    }

    private static BestScoresSum[] Write(
        GeneratorOptions options, PlantedModel model, RowSink sink, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        using var team = new WorkerTeam(options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers);
        BestScoresSum[] sums = [.. PartNames.Select(_ => new BestScoresSum())];
        long[] partRows = PartRows(options.Rows);
        var blocks = new GeneratedBlock[team.Workers * 4];
        foreach (ref GeneratedBlock block in blocks.AsSpan())
        {
            block = new GeneratedBlock();
        }

        long start = 0;
        int part = 0;
        long partEnd = partRows[0];
        while (start < options.Rows)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = 0;
            for (; count < blocks.Length && start < options.Rows; count++)
            {
                while (start == partEnd)
                {
                    partEnd += partRows[++part];
                }

                GeneratedBlock block = blocks[count];
                block.Start = start;
                block.Part = part;
                block.Rows = (int)Math.Min(GeneratedBlock.MaxRows, partEnd - start);
                start += block.Rows;
            }

            var work = new Drawing(model, sink, blocks, count);
            team.Run(ref work);
            foreach (GeneratedBlock block in blocks.AsSpan(0, count))
            {
                sink.Write(block);
                sums[block.Part].Add(block.Logits.AsSpan(0, block.Rows), block.Labels.AsSpan(0, block.Rows));
            }

            progress?.Report(new LoadProgress("generating", start, options.Rows, start));
        }

        return sums;
    }

    private readonly struct Drawing(PlantedModel model, RowSink sink, GeneratedBlock[] blocks, int count) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(count, worker, workers);
            for (int block = start; block < end; block++)
            {
                model.Draw(blocks[block]);
                sink.Prepare(blocks[block]);
            }
        }
    }
}
