using System.Text.Json.Nodes;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Threading;

namespace Dlrm.Data.Criteo;

/// <summary>Makes a data set folder of Criteo's click logs, with the ids, the order and the parts of the reference.</summary>
/// <remarks>
/// One pass: lines are parsed in parallel, hashes numbered in order of first appearance over all days, rows written in
/// file order. The parts are ranges of them: all days but the last for training, the first half of the last (rounded up)
/// for test, the rest for validation. Source: facebookresearch/dlrm, data_utils.py.
/// </remarks>
public static class CriteoPreprocessor
{
    /// <summary>Makes the folder, goes on where an earlier process was stopped, or finds it done.</summary>
    /// <param name="options">What, and how.</param>
    /// <param name="progress">Told now and then; null for nobody.</param>
    /// <param name="cancellation">Stops; what is finished is kept, and the next call goes on there.</param>
    /// <exception cref="ArgumentException">An option cannot be.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="BadDataException">A file cannot be read as it is, or the folder holds something else.</exception>
    /// <exception cref="IOException">There is too little room on the disk.</exception>
    /// <exception cref="InsufficientMemoryException">There is too little memory.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static PreprocessReport Run(
        CriteoPreprocessOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        IReadOnlyList<string> files = SourceFiles.Expand(options.Inputs);
        Check(options, files);
        JsonObject settings = Settings(options);
        using var output = OutputFolder.Begin(options.Output, settings, files, options.Overwrite, cancellation);
        if (output.Existing is { } existing)
        {
            return new PreprocessReport { Description = existing, Folder = output.FullPath, WasThere = true };
        }

        string needs = RequireRoom(options, files, output);
        options.Announce?.Invoke(needs);
        try
        {
            return Make(options, files, settings, output, progress, cancellation);
        }
        catch (OperationCanceledException)
        {
            output.KeepWork = !files.Contains(SourceFiles.StandardInput);
            throw;
        }
        catch (IOException exception) when (SpaceCheck.IsFull(exception))
        {
            throw SpaceCheck.Full(output.FullPath, exception);
        }
    }

    private static PreprocessReport Make(
        CriteoPreprocessOptions options, IReadOnlyList<string> files, JsonObject settings, OutputFolder output,
        IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        var rejects = new RejectLog(options.OnBadLine);
        using var pass = new CriteoPass(options, files, Journal<CriteoPiece>.Open(output.Work, settings, files), output.Work, rejects, progress);
        pass.Run(cancellation);
        DataSetDescription description = Describe(options, settings, files, pass, rejects, output);
        IReadOnlyList<ColumnReport> columns = pass.Columns;
        output.Write("report.json", PreprocessReport.ToJson(description, columns));
        if (rejects.Lines.Count > 0)
        {
            output.Write("rejects.jsonl", string.Join('\n', rejects.Lines) + "\n");
        }

        output.Commit(description);
        return new PreprocessReport
        {
            Description = description,
            Folder = output.FullPath,
            Columns = columns,
            Messages = [.. pass.Messages, .. rejects.Describe(output.FullPath)],
        };
    }

    private static void Check(CriteoPreprocessOptions options, IReadOnlyList<string> files)
    {
        if (!options.Terabyte && files.Count != 1)
        {
            throw new ArgumentException($"--preset=criteo-kaggle reads one file, train.txt; {files.Count} are named. Days in files of their own are --preset=criteo-terabyte.");
        }

        if (options.Terabyte && files.Count < 2)
        {
            throw new ArgumentException("--preset=criteo-terabyte reads two days or more, each a file: the last one is for test and validation.");
        }

        if (options.Delimiter is >= (char)128 or '-' or '"' or '\n' or '\r' || char.IsAsciiHexDigit(options.Delimiter))
        {
            throw new ArgumentException(
                $"--delimiter={options.Delimiter} may stand in Criteo's numbers and hashes, or end a line: it must be another character, such as a tab, a comma or a semicolon.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.Days, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.SubSampleRate is >= 0 and <= 1, true);
    }

    /// <summary>
    /// Rows and buffers, and the vocabularies: as many different hashes as Criteo's own data have in so many rows. Kaggle's
    /// 45.8 million rows have 33.8 million, Terabyte's 4.37 billion have 883 million: the 0.716th power of the rows. One takes
    /// up to 64 bytes, while its table grows.
    /// </summary>
    private static string RequireRoom(CriteoPreprocessOptions options, IReadOnlyList<string> files, OutputFolder output)
    {
        const double TextBytesPerRow = 240;
        const double HashBytes = 64;
        double text = SpaceCheck.TextBytes(files);
        double hashes = 33.8e6 * Math.Pow(text / TextBytesPerRow / 45.8e6, 0.716);
        if (options.MaxIndexRange > 0)
        {
            hashes = Math.Min(hashes, (double)CriteoColumns.Categorical * options.MaxIndexRange);
        }

        int workers = options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers;
        long buffers = (workers * 14L * Lines.TextBlock.Capacity) + ((long)PartWriter.BatchRows * CriteoPass.RowBytes);
        return SpaceCheck.Require(
            output, (long)(text * CriteoPass.RowBytes / 200), buffers + (long)(hashes * HashBytes),
            "Take hashes modulo a number with --max-ind-range, which bounds the vocabularies, or use a machine with more memory.");
    }

    private static JsonObject Settings(CriteoPreprocessOptions options) => new()
    {
        ["preset"] = options.Terabyte ? "criteo-terabyte" : "criteo-kaggle",
        ["days"] = options.Terabyte ? null : options.Days,
        ["max-ind-range"] = Math.Max(options.MaxIndexRange, 0),
        ["data-sub-sample-rate"] = options.SubSampleRate,
        ["numpy-rand-seed"] = options.SubSampleRate > 0 ? options.Seed : null,
        ["delimiter"] = options.Delimiter == '\t' ? null : options.Delimiter.ToString(),
        ["on-bad-line"] = options.OnBadLine == OnBadLine.Error ? "error" : "skip",
    };

    private static DataSetDescription Describe(
        CriteoPreprocessOptions options, JsonObject settings, IReadOnlyList<string> files, CriteoPass pass, RejectLog rejects,
        OutputFolder output)
    {
        long[] days = pass.DayRows();
        long train = days.SkipLast(1).Sum();
        long test = (days[^1] + 1) / 2;
        if (train == 0 || test == 0)
        {
            throw new BadDataException(
                files[0],
                $"no rows are left to {(train == 0 ? "train on" : "test with")}{(options.SubSampleRate > 0 ? $" after sub-sampling at a rate of {options.SubSampleRate}; lower --data-sub-sample-rate" : "")}.");
        }

        SplitEntry Part(string name, long start, long rows) => new(
            name, rows, rows == 0 ? null : LabelRate(output.Work, pass.Files, start, rows), Segments(pass.Files, start, rows));
        return new DataSetDescription
        {
            Title = $"Criteo {(options.Terabyte ? "Terabyte" : "Kaggle")}, {Path.GetFileName(files[0])}",
            Preset = options.Terabyte ? "criteo-terabyte" : "criteo-kaggle",
            Rows = days.Sum(),
            SourceRows = pass.RowsRead,
            Label = new LabelFeature("label", []),
            Dense =
            [
                .. CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense)
                    .Select(name => new DenseFeature { Name = name, Column = name, Log1p = true }),
            ],
            Sparse = pass.WriteVocabularies(output.Work),
            Files = pass.Files,
            Splits =
            [
                Part("train", 0, train) with { Days = [.. days.SkipLast(1)] }, Part("test", train, test),
                Part("validation", train + test, days[^1] - test),
            ],
            Text = new TextConventions { Delimiter = options.Delimiter.ToString(), Quotes = false, Header = false },
            NegativesDropped = options.SubSampleRate,
            Sources = pass.SourceEntries(),
            Settings = settings,
            Skipped = new Dictionary<string, long>(rejects.Counts),
        };
    }

    /// <summary>Where rows of consecutive files lie.</summary>
    internal static List<SplitSegment> Segments(IReadOnlyList<RowFileEntry> files, long start, long rows)
    {
        var segments = new List<SplitSegment>();
        long before = 0;
        for (int file = 0; file < files.Count; file++)
        {
            long first = Math.Max(start, before);
            long end = Math.Min(start + rows, before + files[file].Rows);
            if (end > first)
            {
                segments.Add(new SplitSegment(file, first - before, end - first));
            }

            before += files[file].Rows;
        }

        return segments;
    }

    /// <summary>Mean label, summed in the order of the rows.</summary>
    private static double LabelRate(string folder, IReadOnlyList<RowFileEntry> files, long start, long rows)
    {
        double sum = 0;
        foreach (SplitSegment segment in Segments(files, start, rows))
        {
            using var file = new RowFile(Path.Combine(folder, files[segment.File].Name), CriteoPass.ArrowSchema);
            long before = 0;
            foreach (RowFile.Piece piece in file.Pieces)
            {
                long first = Math.Max(segment.Start, before);
                long end = Math.Min(segment.Start + segment.Rows, before + piece.Rows);
                if (end > first)
                {
                    foreach (float label in piece.Column<float>(0, (int)(first - before), (int)(end - first)))
                    {
                        sum += label;
                    }
                }

                before += piece.Rows;
            }
        }

        return sum / rows;
    }
}
