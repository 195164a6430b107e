using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Threading;

namespace Dlrm.Data.Preprocessing;

/// <summary>Makes a data set folder of delimited text files.</summary>
/// <remarks>
/// The source is read once: parsed in parallel, categories numbered by first appearance, rows spooled to disk in pieces that
/// a journal tells of, so that a process that is killed can go on. Then the
/// training rows decide vocabularies and scales, and the spooled rows are encoded into the files of their parts. Nothing
/// depends on the number of threads. The folder is made under another name and gets its own when it is complete.
/// </remarks>
public static class Preprocessor
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
        PreprocessOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        options.Schema.Validate("the schema");
        SplitRule rule = SplitRule.Parse(options.Split);
        IReadOnlyList<string> files = SourceFiles.Expand(options.Inputs);
        JsonObject settings = Settings(options);
        using var output = OutputFolder.Begin(options.Output, settings, files, options.Overwrite, cancellation);
        if (output.Existing is { } existing)
        {
            return new PreprocessReport { Description = existing, Folder = output.FullPath, WasThere = true };
        }

        string needs = RequireRoom(options, rule, files, output);
        options.Announce?.Invoke(needs);
        try
        {
            return Make(options, rule, files, settings, output, progress, cancellation);
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
        PreprocessOptions options, SplitRule rule, IReadOnlyList<string> files, JsonObject settings, OutputFolder output,
        IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        var rejects = new RejectLog(options.OnBadLine);
        var journal = Journal<SpoolPiece>.Open(output.Work, settings, files);
        using var pass = new SourcePass(options, rule, journal, output.Work, rejects, progress);
        SpooledSource source = pass.Run(files, cancellation);
        if (source.Rows == 0)
        {
            string first = rejects.First.Length > 0 ? $" The first row left out: {rejects.First}" : "";
            throw new BadDataException(files[0], $"no row is left ({rejects.Total} were left out).{first}");
        }

        using var team = new WorkerTeam(options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers);
        using var reader = new SpoolReader(source, options.Schema, rule, output.Work, team);
        var split = new SplitAssigner(rule, source.Rows, files, reader);
        var fit = Fit.Run(source, options.Schema, split, reader, team);
        cancellation.ThrowIfCancellationRequested();
        using var encoding = new RowEncoding(options, output.Work, fit, split, reader, journal);
        encoding.Run(rows =>
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new LoadProgress("writing", rows, source.Rows, rows));
        });
        DataSetDescription description = Describe(options, settings, source, fit, encoding, rejects, output);
        if (description.Splits[0].Rows == 0)
        {
            throw new BadDataException(options.Output, $"--split={options.Split} leaves no row to train on.");
        }

        reader.Dispose();
        IReadOnlyList<ColumnReport> columns = Columns(options.Schema, fit, encoding);
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
            Messages = Messages(options, description, rejects, output.FullPath),
        };
    }

    /// <summary>
    /// Disk: spool and row files, eight and four bytes a number, twice four a category, of about six bytes of text each.
    /// Memory: blocks of text and what is made of them for each worker, a record batch for each part, and the vocabularies,
    /// which take no more than their limit and no more than some times the text.
    /// </summary>
    private static string RequireRoom(PreprocessOptions options, SplitRule rule, IReadOnlyList<string> files, OutputFolder output)
    {
        const double DictionaryPerTextByte = 4;
        int dense = options.Schema.Dense.Count;
        int sparse = options.Schema.Sparse.Count;
        double text = SpaceCheck.TextBytes(files);
        double perByte = ((12.0 * dense) + (8.0 * sparse) + 16) / (6.0 * (dense + sparse + 1));
        int workers = options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers;
        long buffers = (workers * 16L * TextBlock.Capacity) + ((long)rule.Parts * PartWriter.BatchRows * sizeof(float) * (1 + dense + sparse));
        double vocabularies = files.Contains(SourceFiles.StandardInput) ? options.MemoryLimit : text * DictionaryPerTextByte;
        return SpaceCheck.Require(
            output, (long)(text * perByte),
            buffers + (long)Math.Min(vocabularies, options.MemoryLimit > 0 ? options.MemoryLimit : double.MaxValue),
            "Name less with --memory-limit, or use fewer threads.");
    }

    private static JsonObject Settings(PreprocessOptions options) => new()
    {
        ["preset"] = "generic",
        ["schema"] = JsonNode.Parse(options.Schema.ToJson()),
        ["split"] = options.Split,
        ["delimiter"] = options.Delimiter?.ToString(),
        ["quote"] = options.Quotes,
        ["on-bad-line"] = options.OnBadLine == OnBadLine.Error ? "error" : "skip",
    };

    private static DataSetDescription Describe(
        PreprocessOptions options, JsonObject settings, SpooledSource source, Fit fit, RowEncoding encoding, RejectLog rejects,
        OutputFolder output)
    {
        var files = new List<RowFileEntry>();
        var splits = new List<SplitEntry>();
        foreach (PartWriter part in encoding.Parts)
        {
            splits.Add(new SplitEntry(
                part.Name, part.Rows, part.LabelRate,
                [.. part.Files.Select((file, number) => new SplitSegment(files.Count + number, 0, file.Rows))]));
            files.AddRange(part.Files);
        }

        DataSchema schema = options.Schema;
        return new DataSetDescription
        {
            Title = Title(source.Sources),
            Rows = source.Rows,
            SourceRows = source.Rows,
            Label = new LabelFeature(schema.Label, schema.Positive),
            Dense = fit.Dense,
            Sparse = [.. schema.Sparse.Select((column, table) => Feature(column, table, fit, output))],
            Weight = schema.Weight,
            Group = schema.Group,
            Files = files,
            Splits = splits,
            Text = source.Text,
            Sources = source.Sources,
            Settings = settings,
            Skipped = new Dictionary<string, long>(rejects.Counts),
        };
    }

    private static string Title(IReadOnlyList<SourceEntry> sources)
    {
        string first = sources[0].Path == SourceFiles.StandardInput ? "standard input" : Path.GetFileName(sources[0].Path);
        return sources.Count == 1 ? first : string.Create(CultureInfo.InvariantCulture, $"{first} and {sources.Count - 1} more");
    }

    private static SparseFeature Feature(SparseColumn column, int table, Fit fit, OutputFolder output)
    {
        var feature = new SparseFeature
        {
            Name = column.Column,
            TableRows = fit.TableRows[table],
            Encoding = column.Hash > 0 ? SparseEncoding.Hash : SparseEncoding.Dictionary,
            Type = column.Type,
            OutOfVocabulary = column.Hash == 0,
            MinFrequency = column.MinFrequency,
            Separator = column.Separator,
            MaxLength = column.MaxLength,
        };
        if (fit.Vocabularies[table] is not { } vocabulary)
        {
            return feature;
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"vocabulary-{table:000}.arrow");
        (string hash, string values) = VocabularyFile.Write(Path.Combine(output.Work, name), vocabulary.Count, vocabulary.Value, vocabulary.Frequency);
        return feature with { Vocabulary = name, VocabularyHash = hash, ValuesHash = values };
    }

    private static List<ColumnReport> Columns(DataSchema schema, Fit fit, RowEncoding encoding)
    {
        var columns = new List<ColumnReport>();
        for (int feature = 0; feature < schema.Dense.Count; feature++)
        {
            DenseStatistics statistics = fit.Statistics[feature];
            columns.Add(new ColumnReport(
                schema.Dense[feature].Column, "dense", -1, -1, statistics.Missing, 0,
                statistics.Count == 0
                    ? "no value"
                    : string.Create(CultureInfo.InvariantCulture, $"{statistics.Least:G6} … {statistics.Most:G6}, mean {statistics.Mean:G6}")));
        }

        long[] unknown = encoding.OutOfVocabulary;
        for (int table = 0; table < schema.Sparse.Count; table++)
        {
            string name = schema.Sparse[table].Column;
            if (fit.Vocabularies[table] is not { } vocabulary)
            {
                columns.Add(new ColumnReport(
                    name, "sparse", -1, -1, -1, 0, string.Create(CultureInfo.InvariantCulture, $"hashed to {fit.TableRows[table]:N0} rows")));
                continue;
            }

            long[] frequencies = [.. Enumerable.Range(0, vocabulary.Count).Select(vocabulary.Frequency)];
            IEnumerable<string> top = MostFrequent.Of(frequencies).Select(value => string.Create(
                    CultureInfo.InvariantCulture, $"{VocabularyFile.Text(vocabulary.Value(value))} ({frequencies[value]:N0})"));
            int empty = vocabulary.IndexOfEmpty();
            columns.Add(new ColumnReport(
                name, "sparse", vocabulary.Distinct, vocabulary.Count, empty < 0 ? 0 : frequencies[empty], unknown[table],
                string.Join(", ", top)));
        }

        return columns;
    }

    private static List<string> Messages(PreprocessOptions options, DataSetDescription description, RejectLog rejects, string folder)
    {
        var messages = new List<string>(rejects.Describe(folder));
        foreach (SplitEntry split in description.Splits.Skip(1).Where(split => split.Rows == 0))
        {
            messages.Add($"--split={options.Split} leaves no row in the {split.Name} part.");
        }

        return messages;
    }
}
