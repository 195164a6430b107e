using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dlrm.Data.Folders;
using Dlrm.Threading;

namespace Dlrm.Data.Preprocessing;

/// <summary>Makes a data set folder of delimited text files.</summary>
/// <remarks>
/// The source is read once: parsed in parallel, categories numbered by first appearance, rows spooled to disk. Then the
/// training rows decide vocabularies and scales, and the spooled rows are encoded into the files of their parts. Nothing
/// depends on the number of threads. The folder is made under another name and gets its own when it is complete.
/// </remarks>
public static class Preprocessor
{
    /// <summary>Makes the folder, unless it is there already.</summary>
    /// <param name="options">What, and how.</param>
    /// <param name="progress">Told now and then; null for nobody.</param>
    /// <param name="cancellation">Stops; what was there before stays.</param>
    /// <exception cref="ArgumentException">An option cannot be.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="BadDataException">A file cannot be read as it is, or the folder holds something else.</exception>
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

        var rejects = new RejectLog(options.OnBadLine);
        SpooledSource source = new SourcePass(options, rule, output.Work, rejects, progress).Run(files, cancellation);
        if (source.Rows == 0)
        {
            string first = rejects.First.Length > 0 ? $" The first row left out: {rejects.First}" : "";
            throw new BadDataException(files[0], $"no row is left ({rejects.Total} were left out).{first}");
        }

        using var team = new WorkerTeam(options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers);
        using var reader = new SpoolReader(source, options.Schema, rule, output.Work, team);
        SplitAssigner split = Assign(rule, source, files, reader);
        var fit = Fit.Run(source, options.Schema, split, reader, team);
        cancellation.ThrowIfCancellationRequested();
        using var encoding = new RowEncoding(output.Work, options.Schema, fit, split, rule.Parts, reader);
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
        IReadOnlyList<ColumnReport> columns = Columns(options.Schema, source, fit, encoding);
        output.Write("report.json", ReportJson(description, columns));
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

    private static JsonObject Settings(PreprocessOptions options) => new()
    {
        ["preset"] = "generic",
        ["schema"] = JsonNode.Parse(options.Schema.ToJson()),
        ["split"] = options.Split,
        ["delimiter"] = options.Delimiter?.ToString(),
        ["quote"] = options.Quotes,
        ["on-bad-line"] = options.OnBadLine == OnBadLine.Error ? "error" : "skip",
    };

    private static SplitAssigner Assign(SplitRule rule, SpooledSource source, IReadOnlyList<string> files, SpoolReader reader)
    {
        SortedDictionary<long, long>? keys = null;
        if (rule is { Kind: SplitKind.Time, Cuts.Count: 0 })
        {
            var counts = new Dictionary<long, long>();
            reader.Run(_ => { }, () =>
            {
                foreach (RawBlock block in reader.Blocks.AsSpan(0, reader.Count))
                {
                    foreach (long key in block.Keys.AsSpan(0, block.Rows))
                    {
                        counts[key] = counts.GetValueOrDefault(key) + 1;
                    }
                }
            });
            keys = new SortedDictionary<long, long>(counts);
        }

        return new SplitAssigner(rule, source.Rows, files, keys);
    }

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
            Sparse = [.. schema.Sparse.Select((column, table) => Feature(column, table, source, fit, output))],
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

    private static SparseFeature Feature(SparseColumn column, int table, SpooledSource source, Fit fit, OutputFolder output)
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
        if (source.Dictionaries[table] is not { } dictionary)
        {
            return feature;
        }

        int[] indices = fit.Indices[table]!;
        int[] kept = new int[fit.TableRows[table] - 1];
        for (int value = 0; value < indices.Length; value++)
        {
            if (indices[value] > 0)
            {
                kept[indices[value] - 1] = value;
            }
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"vocabulary-{table:000}.arrow");
        string hash = VocabularyFile.Write(
            Path.Combine(output.Work, name), kept.Length, number => dictionary[kept[number]],
            number => fit.Counts[table][kept[number]]);
        return feature with { Vocabulary = name, VocabularyHash = hash };
    }

    private static List<ColumnReport> Columns(DataSchema schema, SpooledSource source, Fit fit, RowEncoding encoding)
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
            if (source.Dictionaries[table] is not { } dictionary)
            {
                columns.Add(new ColumnReport(
                    name, "sparse", -1, -1, -1, 0, string.Create(CultureInfo.InvariantCulture, $"hashed to {fit.TableRows[table]:N0} rows")));
                continue;
            }

            long[] counts = fit.Counts[table];
            int empty = dictionary.Find([], ValueDictionary.Hash([]));
            IEnumerable<string> top = Enumerable.Range(0, counts.Length).OrderByDescending(value => counts[value]).ThenBy(value => value)
                .Take(3).Select(value => string.Create(
                    CultureInfo.InvariantCulture, $"{VocabularyFile.Text(dictionary[value])} ({counts[value]:N0})"));
            columns.Add(new ColumnReport(
                name, "sparse", dictionary.Count, fit.TableRows[table] - 1, empty < 0 ? 0 : counts[empty], unknown[table],
                string.Join(", ", top)));
        }

        return columns;
    }

    private static List<string> Messages(PreprocessOptions options, DataSetDescription description, RejectLog rejects, string folder)
    {
        var messages = new List<string>(rejects.Notes);
        if (rejects.Total > 0)
        {
            messages.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{rejects.Total:N0} rows were left out ({string.Join(", ", rejects.Counts.Select(pair => $"{pair.Value} {pair.Key}"))}); {Path.Combine(folder, "rejects.jsonl")} describes them. The first: {rejects.First}"));
        }

        foreach (SplitEntry split in description.Splits.Skip(1).Where(split => split.Rows == 0))
        {
            messages.Add($"--split={options.Split} leaves no row in the {split.Name} part.");
        }

        return messages;
    }

    private static string ReportJson(DataSetDescription description, IReadOnlyList<ColumnReport> columns)
    {
        var list = new JsonArray();
        foreach (ColumnReport column in columns)
        {
            list.Add(new JsonObject
            {
                ["name"] = column.Name,
                ["kind"] = column.Kind,
                ["distinct"] = column.Distinct < 0 ? null : column.Distinct,
                ["kept"] = column.Kept < 0 ? null : column.Kept,
                ["missing"] = column.Missing < 0 ? null : column.Missing,
                ["out_of_vocabulary"] = column.OutOfVocabulary,
                ["detail"] = column.Detail,
            });
        }

        var skipped = new JsonObject();
        foreach ((string reason, long count) in description.Skipped)
        {
            skipped[reason] = count;
        }

        return new JsonObject
        {
            ["rows"] = description.Rows,
            ["label_rate"] = description.Splits.Sum(split => split.Rows * (split.LabelRate ?? 0)) / description.Rows,
            ["skipped"] = skipped,
            ["columns"] = list,
        }.ToJsonString(new System.Text.Json.JsonSerializerOptions
        {
            WriteIndented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }) + "\n";
    }
}
