using System.Globalization;
using System.Runtime.InteropServices;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Numpy;

namespace Dlrm.Data.ReferenceFiles;

/// <summary>Which of the reference's files to write.</summary>
public enum ReferenceFormat
{
    /// <summary><c>kaggleAdDisplayChallenge_processed.npz</c>, <c>train_day_count.npz</c> and <c>train_fea_count.npz</c>.</summary>
    Processed,

    /// <summary><c>day_N_reordered.npz</c>, <c>day_day_count.npz</c> and <c>day_fea_count.npz</c>.</summary>
    Days,

    /// <summary><c>terabyte_processed_train.bin</c>, <c>_test.bin</c>, <c>_val.bin</c> and <c>day_fea_count.npz</c>.</summary>
    Binary,

    /// <summary>TorchRec's <c>day_N_dense.npy</c>, <c>day_N_labels.npy</c> and sparse files.</summary>
    TorchRec,
}

/// <summary>Writes a data set folder of Criteo's shape as the files of the reference or of TorchRec. Memory stays bounded.</summary>
/// <remarks>
/// Numbers are the counts whose logarithms the folder holds: where float32 cannot tell several apart, one of them, which
/// gives the same batches.
/// </remarks>
public static class ReferenceExport
{
    private const int BatchRows = 1 << 13;

    /// <summary>Writes the files.</summary>
    /// <param name="dataSet">The folder.</param>
    /// <param name="output">Where: a folder, made if it is not there.</param>
    /// <param name="format">Which files.</param>
    /// <returns>Their names.</returns>
    /// <exception cref="BadDataException">The data set has another shape than Criteo's.</exception>
    public static IReadOnlyList<string> Run(string dataSet, string output, ReferenceFormat format)
    {
        using DataSetFolder folder = DataSetFolder.Open(dataSet);
        RequireShape(folder, format);
        Directory.CreateDirectory(output);
        var names = new List<string>();
        string New(string name)
        {
            names.Add(name);
            return Path.Combine(output, name);
        }

        List<(string Name, SplitEntry[] Parts, long[] Days)> plan = Plan(folder, format);
        switch (format)
        {
            case ReferenceFormat.Binary:
                foreach ((string name, SplitEntry[] parts, _) in plan)
                {
                    WriteFile(New(name), stream => ForEach(folder, parts, 0, long.MaxValue, batch => WriteRows(batch, stream)));
                }

                WriteCounts(New("day_fea_count.npz"), "counts", folder.TableRows.Select(rows => (long)rows));
                break;
            case ReferenceFormat.TorchRec:
                WriteTorchRec(folder, plan[0].Parts, plan[0].Days, New);
                break;
            default:
                long[] days = plan[0].Days;
                bool processed = format == ReferenceFormat.Processed;
                string stem = processed ? "train" : "day";
                if (processed)
                {
                    WriteNpz(folder, plan[0].Parts, 0, days.Sum(), New(plan[0].Name), folder.TableRows);
                }
                else
                {
                    long start = 0;
                    for (int day = 0; day < days.Length; start += days[day++])
                    {
                        WriteNpz(folder, plan[0].Parts, start, days[day], New(string.Create(CultureInfo.InvariantCulture, $"day_{day}_reordered.npz")), null);
                    }
                }

                WriteCounts(New(stem + "_day_count.npz"), "total_per_file", days);
                WriteCounts(New(stem + "_fea_count.npz"), "counts", folder.TableRows.Select(rows => (long)rows));
                break;
        }

        return names;
    }

    /// <summary>A count whose logarithm is <paramref name="logarithm"/> to the bit.</summary>
    /// <exception cref="BadDataException">There is none.</exception>
    internal static int CountOf(float logarithm, string path)
    {
        long count = (long)Math.Round(Math.Min(int.MaxValue, Math.Exp(logarithm) - 1));
        for (int step = 0; step < 4096 && count is >= 0 and <= int.MaxValue; step++)
        {
            float of = LogarithmOfOnePlus.Of((int)count);
            if (of == logarithm)
            {
                return (int)count;
            }

            count += of < logarithm ? 1 : -1;
        }

        throw new BadDataException(path, string.Create(
            CultureInfo.InvariantCulture, $"holds the number {logarithm:R}, which is no ln(count + 1): only data with Criteo's counts can be written so. --format=torchrec takes any numbers."));
    }

    private static void RequireShape(DataSetFolder folder, ReferenceFormat format)
    {
        DataSetDescription description = folder.Description;
        if (description.Dense.Count != CriteoColumns.Dense || description.Sparse.Count != CriteoColumns.Categorical)
        {
            throw new BadDataException(
                folder.FullPath, $"has {description.Dense.Count} dense and {description.Sparse.Count} categorical features; the reference's files have 13 and 26.");
        }

        if (format != ReferenceFormat.TorchRec && description.Sparse.FirstOrDefault(feature => feature.IsBag) is { } bag)
        {
            throw new BadDataException(folder.FullPath, $"column '{bag.Name}' has bags, which only --format=torchrec can hold.");
        }
    }

    private static List<(string Name, SplitEntry[] Parts, long[] Days)> Plan(DataSetFolder folder, ReferenceFormat format)
    {
        SplitEntry? Find(string name) => folder.Description.Splits.FirstOrDefault(split => split.Name == name);
        if (folder.Description.Splits.FirstOrDefault(split => split is { Rows: > 0, Name: not ("train" or "test" or "validation") }) is { } other)
        {
            throw new BadDataException(
                folder.FullPath, $"has a part '{other.Name}', for which the reference's files have no place: make the data set with parts train, test and validation.");
        }

        SplitEntry train = Find("train") ?? throw new BadDataException(folder.FullPath, "has no part 'train'.");
        SplitEntry?[] rest = [Find("test"), Find("validation")];
        if (format == ReferenceFormat.Binary)
        {
            return
            [
                ("terabyte_processed_train.bin", [train], []),
                .. rest.Zip(["test", "val"]).Where(part => part.First is { Rows: > 0 })
                    .Select(part => ($"terabyte_processed_{part.Second}.bin", new[] { part.First! }, Array.Empty<long>())),
            ];
        }

        SplitEntry[] parts = [train, .. rest.Where(part => part is not null).Select(part => part!)];
        long last = parts.Skip(1).Sum(part => part.Rows);
        if (format != ReferenceFormat.TorchRec && (rest[0]?.Rows ?? 0) != (last + 1) / 2)
        {
            throw new BadDataException(
                folder.FullPath, $"has {rest[0]?.Rows ?? 0} test and {rest[1]?.Rows ?? 0} validation rows; the reference takes the first half of the last day (rounded up) for test, so it would divide them otherwise.");
        }

        return [("kaggleAdDisplayChallenge_processed.npz", parts, [.. train.Days ?? [train.Rows], last])];
    }

    private static void WriteNpz(DataSetFolder folder, SplitEntry[] parts, long start, long rows, string path, IReadOnlyList<int>? counts)
    {
        using var file = new NpzWriter(path, compress: true);
        file.Add("X_int", "<i4", [rows, CriteoColumns.Dense], stream => ForEach(folder, parts, start, rows, batch =>
        {
            int[] values = [.. batch.Dense.ToArray().Select(number => CountOf(number, folder.FullPath))];
            stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        }));
        file.Add("X_cat", "<i4", [rows, CriteoColumns.Categorical], stream => ForEach(folder, parts, start, rows, batch =>
            stream.Write(MemoryMarshal.AsBytes(Transposed(batch).AsSpan()))));
        file.Add("y", "<i4", [rows], stream => ForEach(folder, parts, start, rows, batch => stream.Write(MemoryMarshal.AsBytes(Labels(batch).AsSpan()))));
        if (counts is not null)
        {
            file.Add("counts", [.. counts.Select(count => (long)count)]);
        }

        file.Complete();
    }

    private static void WriteTorchRec(DataSetFolder folder, SplitEntry[] parts, long[] days, Func<string, string> open)
    {
        bool bags = folder.Description.Sparse.Any(feature => feature.IsBag);
        long start = 0;
        for (int day = 0; day < days.Length; start += days[day++])
        {
            long first = start;
            long rows = days[day];
            string stem = string.Create(CultureInfo.InvariantCulture, $"day_{day}_");
            void Npy(string name, string type, long columns, Action<Batch, Stream> write) => WriteFile(open(stem + name + ".npy"), stream =>
            {
                new NpyHeader(type, [rows, columns], Fortran: false).Write(stream);
                ForEach(folder, parts, first, rows, batch => write(batch, stream));
            });
            Npy("labels", "<i4", 1, (batch, stream) => stream.Write(MemoryMarshal.AsBytes(Labels(batch).AsSpan())));
            Npy("dense", "<f4", CriteoColumns.Dense, (batch, stream) => stream.Write(MemoryMarshal.AsBytes(batch.Dense)));
            if (!bags)
            {
                Npy("sparse", "<i4", CriteoColumns.Categorical, (batch, stream) => stream.Write(MemoryMarshal.AsBytes(Transposed(batch).AsSpan())));
                continue;
            }

            using var file = new NpzWriter(open(stem + "sparse_multi_hot.npz"), compress: false);
            for (int table = 0; table < CriteoColumns.Categorical; table++)
            {
                int number = table;
                int hot = 0;
                ForEach(folder, parts, first, Math.Min(1, rows), batch => hot = batch.Indices(number).Length);
                file.Add(table.ToString(CultureInfo.InvariantCulture), "<i4", [rows, hot], stream => ForEach(folder, parts, first, rows, batch =>
                {
                    ReadOnlySpan<int> offsets = batch.Offsets(number);
                    for (int row = 0; row < batch.Size; row++)
                    {
                        if (offsets[row + 1] - offsets[row] != hot)
                        {
                            throw new BadDataException(
                                folder.FullPath, $"column '{folder.Description.Sparse[number].Name}' has bags of {hot} and of {offsets[row + 1] - offsets[row]} values; TorchRec's files have as many in each row.");
                        }
                    }

                    stream.Write(MemoryMarshal.AsBytes(batch.Indices(number)));
                }));
            }

            file.Complete();
        }
    }

    private static void WriteRows(Batch batch, Stream stream)
    {
        int[] labels = Labels(batch);
        int[] sparse = Transposed(batch);
        var rows = new int[batch.Size * CriteoColumns.Count];
        for (int row = 0; row < batch.Size; row++)
        {
            Span<int> fields = rows.AsSpan(row * CriteoColumns.Count, CriteoColumns.Count);
            fields[0] = labels[row];
            for (int number = 0; number < CriteoColumns.Dense; number++)
            {
                fields[1 + number] = CountOf(batch.Dense[(row * CriteoColumns.Dense) + number], "the data set");
            }

            sparse.AsSpan(row * CriteoColumns.Categorical, CriteoColumns.Categorical).CopyTo(fields[(1 + CriteoColumns.Dense)..]);
        }

        stream.Write(MemoryMarshal.AsBytes(rows.AsSpan()));
    }

    private static int[] Labels(Batch batch) => [.. batch.Labels.ToArray().Select(label => (int)label)];

    /// <summary>(B, 26) of the batch's (26) of (B).</summary>
    private static int[] Transposed(Batch batch)
    {
        var values = new int[batch.Size * batch.Tables];
        for (int table = 0; table < batch.Tables; table++)
        {
            ReadOnlySpan<int> indices = batch.Indices(table);
            for (int row = 0; row < batch.Size; row++)
            {
                values[(row * batch.Tables) + table] = indices[row];
            }
        }

        return values;
    }

    /// <summary>Goes over some rows of parts that follow each other, in order.</summary>
    private static void ForEach(DataSetFolder folder, SplitEntry[] parts, long start, long rows, Action<Batch> act)
    {
        using var batch = new Batch(CriteoColumns.Dense, CriteoColumns.Categorical);
        long before = 0;
        foreach (SplitEntry part in parts)
        {
            SplitRows source = folder.Rows(part.Name);
            long from = Math.Max(0, start - before);
            long end = Math.Min(part.Rows, rows == long.MaxValue ? part.Rows : start + rows - before);
            for (long at = from; at < end; at += batch.Size)
            {
                batch.Resize((int)Math.Min(BatchRows, end - at));
                source.Read(at, batch);
                act(batch);
            }

            before += part.Rows;
        }
    }

    private static void WriteCounts(string path, string name, IEnumerable<long> counts)
    {
        using var file = new NpzWriter(path, compress: true);
        file.Add(name, [.. counts]);
        file.Complete();
    }

    private static void WriteFile(string path, Action<Stream> write)
    {
        string partial = path + ".partial";
        try
        {
            using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
