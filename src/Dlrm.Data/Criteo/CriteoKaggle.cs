using System.IO.Hashing;
using Dlrm.Data.Lines;
using Dlrm.Random;

namespace Dlrm.Data.Criteo;

/// <summary>Loads click logs in the format of Criteo's Kaggle challenge, with the meaning that the reference gives them.</summary>
/// <remarks>
/// A missing number or hash is 0. Hashes (modulo <see cref="CriteoKaggleOptions.MaxIndexRange"/>) are numbered in order of
/// first appearance, each column for itself. The rows are divided into equal days; all but the last are for training,
/// the first half of the last (rounded up) for testing, the rest for validation. Batches hold ln(max(I, 0) + 1) as
/// float32. Source: facebookresearch/dlrm, data_utils.py and dlrm_data_pytorch.py.
/// </remarks>
public static class CriteoKaggle
{
    /// <summary>Loads a file, from the cache if one was made from this very file with these settings.</summary>
    /// <param name="options">What, and how.</param>
    /// <param name="random">
    /// Draws in the reference's order: one uniform a row when sub-sampling, then the order of the training rows, twice,
    /// since the reference makes a data set for testing too. Reading the cache draws just as many.
    /// </param>
    /// <param name="progress">Told now and then; null for nobody.</param>
    /// <param name="cancellation">Stops the loading; nothing is left behind.</param>
    /// <returns>The data set, which the caller disposes of.</returns>
    /// <exception cref="ArgumentException">An option cannot be.</exception>
    /// <exception cref="FileNotFoundException">There is no raw file.</exception>
    /// <exception cref="BadDataException">The file cannot be read as it is; the message says where and why.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static CriteoDataSet Load(
        CriteoKaggleOptions options, NumpyRandom random, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options.Validate();
        var messages = new List<string>();
        NoteForeignFile(options, messages);
        var sampler = new SubSampler(random, options.SubSampleRate);
        CriteoContent? cached = options.UseCache ? ReadCache(options, sampler, progress, messages, cancellation) : null;
        sampler.Rewind();
        CriteoContent content =
            cached ?? new CriteoTextLoader(options, sampler, progress, messages).Load(cancellation);
        try
        {
            return new CriteoDataSet(options, content, random, Report(options, content.Metadata, cached is not null, messages));
        }
        catch
        {
            content.Rows.Dispose();
            throw;
        }
    }

    /// <summary>Rows of the tables: the distinct hashes, at most the range; then one for each number that becomes a category.</summary>
    internal static int[] TableRows(int[] counts, CriteoKaggleOptions options) =>
    [
        .. counts.Select(count => options.MaxIndexRange > 0 ? Math.Min(count, options.MaxIndexRange) : count),
        .. Enumerable.Repeat(1, options.Tables - CriteoColumns.Categorical),
    ];

    /// <summary>A processed file of the reference may lie where ours would go.</summary>
    private static void NoteForeignFile(CriteoKaggleOptions options, List<string> messages)
    {
        string path = options.ProcessedDataFile;
        if (path.Length == 0 || path == options.CacheFile || !File.Exists(path))
        {
            return;
        }

        string note = $"{path} is a file of another program and is not read (reading the reference's .npz files comes with "
            + $"the preprocess command); the raw file is read instead, and the parsed rows are kept in {options.CacheFile}.";
        if (!File.Exists(options.RawDataFile))
        {
            throw new FileNotFoundException($"{options.RawDataFile}: there is no such file, and {note}", options.RawDataFile);
        }

        messages.Add(note);
    }

    /// <summary>The content of the cache, or null with a message why it cannot be used.</summary>
    private static CriteoContent? ReadCache(
        CriteoKaggleOptions options, SubSampler sampler, IProgress<LoadProgress>? progress, List<string> messages,
        CancellationToken cancellation)
    {
        string path = options.CacheFile;
        if (!File.Exists(path) || !File.Exists(options.RawDataFile))
        {
            return null;
        }

        try
        {
            using var reader = new CriteoCacheReader(path);
            CriteoCacheMetadata metadata = reader.Metadata;
            string? difference = metadata.Difference(options, new FileInfo(options.RawDataFile).Length);
            if (difference is null && HashFile(options.RawDataFile, progress, cancellation) != metadata.SourceHash)
            {
                difference = "the raw file has other contents now";
            }

            if (difference is null && sampler.Fingerprint(metadata.RowsRead) != metadata.SubSampleFingerprint)
            {
                difference = "other rows were drawn to be dropped (another seed)";
            }

            if (difference is not null)
            {
                messages.Add($"the parsed rows in {path} are not used: {difference}. They are made anew.");
                return null;
            }

            long length = new FileInfo(path).Length;
            (TabularDataSet rows, uint[][] vocabularies) = reader.Read(
                options,
                progress is null ? null : (done, kept) => progress.Report(new LoadProgress($"reading {path}", done, length, kept)),
                cancellation);
            return new CriteoContent(rows, vocabularies, metadata);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            messages.Add($"the parsed rows in {path} cannot be used: {exception.Message.TrimEnd('.')}. They are made anew.");
            return null;
        }
    }

    private static ulong HashFile(string path, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        using FileStream file = TextSource.OpenSequential(path);
        var hash = new XxHash3();
        var buffer = new byte[1 << 20];
        long done = 0;
        int count;
        while ((count = file.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.Append(buffer.AsSpan(0, count));
            done += count;
            progress?.Report(new LoadProgress($"checking {path}", done, file.Length, 0));
        }

        return hash.GetCurrentHashAsUInt64();
    }

    private static CriteoReadReport Report(
        CriteoKaggleOptions options, CriteoCacheMetadata metadata, bool fromCache, List<string> messages)
    {
        string file = options.RawDataFile;
        if (metadata.Skipped.Count > 0)
        {
            string reasons = string.Join(", ", metadata.Skipped.Select(pair => $"{pair.Value} {pair.Key}"));
            messages.Add(
                $"{metadata.Skipped.Values.Sum()} bad lines of {file} were left out ({reasons}); the first: {metadata.SkippedExamples[0]}");
        }

        if (metadata.LastLineUnended)
        {
            messages.Add($"the last line of {file} has no line end; the file may have been cut off there.");
        }

        return new CriteoReadReport
        {
            File = file,
            Format = metadata.Format,
            FileBytes = metadata.SourceLength,
            FileHash = metadata.SourceHash,
            RowsRead = metadata.RowsRead,
            RowsKept = metadata.RowsKept,
            DayRows = metadata.DayRows,
            SkippedLines = metadata.Skipped,
            SkippedExamples = metadata.SkippedExamples,
            LastLineUnended = metadata.LastLineUnended,
            FromCache = fromCache,
            Messages = messages,
        };
    }
}
