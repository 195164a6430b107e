using System.Globalization;
using System.IO.Hashing;
using System.Text.Json.Nodes;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>Makes a data set folder of files that the reference or TorchRec preprocessed: the same ids, rows and order.</summary>
/// <remarks>
/// Days are the files in order, or those of *_day_count.npz; all but the last are for training, the first half of the last
/// (rounded up) for test, the rest for validation. Binary files are parts, by their names' endings train, test and val.
/// One file is in memory at a time.
/// </remarks>
public static class ReferenceImport
{
    private const int BlockRows = 1 << 14;

    /// <summary>Makes the folder, unless it is there already.</summary>
    /// <param name="files">In order.</param>
    /// <param name="output">The folder.</param>
    /// <param name="overwrite">Replaces a data set that was made otherwise.</param>
    /// <param name="progress">Told now and then; null for nobody.</param>
    /// <param name="cancellation">Stops; what was there before stays.</param>
    /// <exception cref="BadDataException">A file is not as expected, or something else is there.</exception>
    public static DataSetDescription Run(
        IReadOnlyList<string> files, string output, bool overwrite, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        var settings = new JsonObject { ["preset"] = "reference-files" };
        using var folder = OutputFolder.Begin(output, settings, files, overwrite, cancellation);
        if (folder.Existing is { } existing)
        {
            return existing;
        }

        SpaceCheck.RequireDisk(output, 2 * files.Sum(file => new FileInfo(file).Length));
        if (Directory.Exists(folder.Work))
        {
            Directory.Delete(folder.Work, recursive: true);
        }

        Directory.CreateDirectory(folder.Work);
        bool binary = files.All(file => file.EndsWith(".bin", StringComparison.OrdinalIgnoreCase));
        PartWriter? writer = null;
        var parts = new List<PartWriter>();
        var days = new List<long>();
        var sources = new List<SourceEntry>();
        int[] largest = new int[CriteoColumns.Categorical];
        IReadOnlyList<int>? counts = Counts(files[0]);
        bool[]? bags = null;
        try
        {
            foreach (string file in files)
            {
                using ReferenceInput input = ReferenceInput.Open(file);
                bags ??= [.. input.Hot.Select(hot => hot > 1)];
                counts ??= input.TableRows;
                if (writer is null || binary)
                {
                    writer = new PartWriter(folder.Work, binary ? PartName(file) : "rows", Columns(bags), NewBuffers(bags));
                    parts.Add(writer);
                }

                days.AddRange(input.Days);
                Copy(input, file, writer, bags, largest, progress, cancellation);
                sources.Add(new SourceEntry(Path.GetFullPath(file), new FileInfo(file).Length, Hash(file), input.Rows));
            }

            foreach (PartWriter part in parts)
            {
                part.Complete();
            }
        }
        finally
        {
            foreach (PartWriter part in parts)
            {
                part.Dispose();
            }
        }

        int[] tableRows = TableRows(files[0], counts, largest);
        DataSetDescription description = Describe(parts, binary ? null : days, sources, tableRows, bags!, settings);
        folder.Commit(description);
        return description;
    }

    private static void Copy(
        ReferenceInput input, string file, PartWriter writer, bool[] bags, int[] largest, IProgress<LoadProgress>? progress,
        CancellationToken cancellation)
    {
        RowBuffers columns = NewBuffers(bags);
        columns.Reserve(BlockRows);
        for (long done = 0; done < input.Rows;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(BlockRows, input.Rows - done);
            input.Read(columns, count);
            columns.Rows = count;
            for (int table = 0; table < largest.Length; table++)
            {
                foreach (int index in columns.Sparse[table].Ints[..(count * input.Hot[table])])
                {
                    largest[table] = index >= 0
                        ? Math.Max(largest[table], index)
                        : throw new BadDataException(file, $"rows {done} to {done + count}: category {index} of table {table} is negative.");
                }
            }

            writer.Append(columns);
            done += count;
            progress?.Report(new LoadProgress("reading " + Path.GetFileName(file), done, input.Rows, done));
        }
    }

    private static RowBuffers NewBuffers(bool[] bags) => new(CriteoColumns.Dense, bags, weighted: false, grouped: false);

    private static Apache.Arrow.Schema Columns(bool[] bags) => RowFileWriter.MakeSchema(
        CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense),
        CriteoColumns.Names.Skip(1 + CriteoColumns.Dense).Select((name, table) => (name, bags[table])), weighted: false, grouped: false);

    private static string PartName(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        return name.EndsWith("train", StringComparison.Ordinal) || name.EndsWith("train_data", StringComparison.Ordinal) ? "train"
            : name.EndsWith("test", StringComparison.Ordinal) || name.EndsWith("test_data", StringComparison.Ordinal) ? "test"
            : name.EndsWith("val", StringComparison.Ordinal) || name.EndsWith("val_data", StringComparison.Ordinal) ? "validation"
            : throw new BadDataException(file, "its name should end in train.bin, test.bin or val.bin, as the reference's do, to tell its part.");
    }

    /// <summary>The counts of *_fea_count.npz beside a file; null where there is none.</summary>
    internal static IReadOnlyList<int>? Counts(string file)
    {
        string[] found = Directory.GetFiles(Path.GetDirectoryName(Path.GetFullPath(file))!, "*_fea_count.npz");
        if (found.Length != 1)
        {
            return null;
        }

        return BinaryBatchSource.ReadCounts(found[0]);
    }

    private static int[] TableRows(string file, IReadOnlyList<int>? counts, int[] largest)
    {
        for (int table = 0; counts is not null && table < largest.Length; table++)
        {
            if (counts.Count != largest.Length || largest[table] >= counts[table])
            {
                throw new BadDataException(
                    file, $"has category {largest[table]} of table {table}, but counts tells {(table < counts.Count ? counts[table] : 0)}: the files do not belong together.");
            }
        }

        return counts is null ? [.. largest.Select(index => index + 1)] : [.. counts];
    }

    private static DataSetDescription Describe(
        List<PartWriter> parts, List<long>? days, List<SourceEntry> sources, int[] tableRows, bool[] bags, JsonObject settings)
    {
        RowFileEntry[] files = [.. parts.SelectMany(part => part.Files)];
        var splits = new List<SplitEntry>();
        if (days is null)
        {
            long start = 0;
            foreach (PartWriter part in parts)
            {
                splits.Add(new SplitEntry(part.Name, part.Rows, part.LabelRate, CriteoPreprocessor.Segments(files, start, part.Rows)));
                start += part.Rows;
            }
        }
        else
        {
            long last = days.Count > 1 ? days[^1] : 0;
            long train = parts[0].Rows - last;
            long test = (last + 1) / 2;
            SplitEntry Part(string name, long start, long rows) => new(name, rows, null, CriteoPreprocessor.Segments(files, start, rows));
            splits.Add(Part("train", 0, train) with { Days = days.Count > 1 ? [.. days.SkipLast(1)] : days });
            splits.Add(Part("test", train, test));
            splits.Add(Part("validation", train + test, last - test));
        }

        return new DataSetDescription
        {
            Title = Path.GetFileName(sources[0].Path) + (sources.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" and {sources.Count - 1} more") : ""),
            Preset = "reference-files",
            Rows = files.Sum(file => file.Rows),
            SourceRows = files.Sum(file => file.Rows),
            Label = new LabelFeature(CriteoColumns.Names[0], []),
            Dense = [.. CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense).Select(name => new DenseFeature { Name = name, Column = name, Log1p = true })],
            Sparse =
            [
                .. CriteoColumns.Names.Skip(1 + CriteoColumns.Dense).Select((name, table) => new SparseFeature
                {
                    Name = name,
                    TableRows = tableRows[table],
                    Encoding = SparseEncoding.Hash,
                    Type = SparseType.Integer,
                    Separator = bags[table] ? "|" : null,
                }),
            ],
            Files = files,
            Splits = splits,
            Text = new TextConventions { Delimiter = "\t", Quotes = false, Header = false },
            Sources = sources,
            Settings = settings,
        };
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        var hash = new XxHash3();
        hash.Append(stream);
        return hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
    }
}
