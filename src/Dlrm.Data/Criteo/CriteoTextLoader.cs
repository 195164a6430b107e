using System.Numerics;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Criteo;

/// <summary>Reads the text: parses, sub-samples, numbers the hashes, and keeps the rows in memory and in the cache.</summary>
internal sealed class CriteoTextLoader(
    CriteoKaggleOptions options, SubSampler sampler, IProgress<LoadProgress>? progress, List<string> messages)
{
    /// <summary>Blocks between two reports of progress: about 8 MB of text.</summary>
    private const int ProgressBlocks = 32;

    private readonly HashVocabulary[] _vocabularies =
        [.. Enumerable.Range(0, CriteoColumns.Categorical).Select(_ => new HashVocabulary())];

    private readonly int[] _indices = new int[CriteoRowBlock.Capacity * CriteoColumns.Categorical];

    // One bit a row read: kept or dropped. Only with sub-sampling; otherwise all are kept.
    private readonly List<ulong> _kept = [];
    private long _rowsRead;

    /// <summary>Loads the file.</summary>
    /// <exception cref="BadDataException">The file cannot be read as it is.</exception>
    public CriteoContent Load(CancellationToken cancellation)
    {
        string file = options.RawDataFile;
        var log = new BadLineLog(file, options.OnBadLine);
        using var reader = new LineBlockReader(file, cancellation);
        using var builder = new TabularDataSetBuilder(CriteoColumns.Dense, CriteoColumns.Categorical);
        CriteoCacheWriter? cache = options.UseCache ? TryCache(() => new CriteoCacheWriter(options.CacheFile)) : null;
        try
        {
            long length = new FileInfo(file).Length;
            var parser = new CriteoBlockParser(log);
            var rows = new CriteoRowBlock();
            var appender = new CriteoRowAppender(builder);
            int blocks = 0;
            while (reader.Next() is TextBlock block)
            {
                parser.Parse(block, rows);
                reader.Return(block);
                SubSample(rows);
                Number(rows);
                ReadOnlySpan<byte> labels = rows.Labels.AsSpan(0, rows.Rows);
                appender.Append(labels, rows.Dense, _indices);
                cache = Append(cache, rows);
                if (++blocks % ProgressBlocks == 0)
                {
                    progress?.Report(new LoadProgress($"reading {file}", reader.BytesRead, length, builder.Rows));
                }
            }

            CriteoCacheMetadata metadata = Describe(reader, log);
            Commit(ref cache, metadata);
            TabularDataSet set = builder.Build(CriteoKaggle.TableRows(metadata.Counts, options.MaxIndexRange));
            return new CriteoContent(set, [.. _vocabularies.Select(vocabulary => vocabulary.Hashes.ToArray())], metadata);
        }
        finally
        {
            cache?.Dispose();
        }
    }

    /// <summary>Takes the dropped rows out of the block.</summary>
    private void SubSample(CriteoRowBlock rows)
    {
        long first = _rowsRead;
        _rowsRead += rows.Rows;
        if (!sampler.Active)
        {
            return;
        }

        int kept = 0;
        for (int row = 0; row < rows.Rows; row++)
        {
            bool keep = !sampler.Next() || rows.Labels[row] != 0;
            if (((first + row) & 63) == 0)
            {
                _kept.Add(0);
            }

            if (keep)
            {
                _kept[^1] |= 1ul << (int)((first + row) & 63);
                Move(rows, row, kept++);
            }
        }

        rows.Rows = kept;
    }

    private static void Move(CriteoRowBlock rows, int from, int to)
    {
        if (from == to)
        {
            return;
        }

        rows.Labels[to] = rows.Labels[from];
        rows.Dense.AsSpan(from * CriteoColumns.Dense, CriteoColumns.Dense)
            .CopyTo(rows.Dense.AsSpan(to * CriteoColumns.Dense));
        for (int column = 0; column < CriteoColumns.Categorical; column++)
        {
            Span<uint> hashes = rows.Hashes.AsSpan(column * CriteoRowBlock.Capacity, CriteoRowBlock.Capacity);
            hashes[to] = hashes[from];
        }
    }

    /// <summary>Hashes (26, capacity) become indices (R, 26).</summary>
    private void Number(CriteoRowBlock rows)
    {
        for (int column = 0; column < CriteoColumns.Categorical; column++)
        {
            Span<uint> hashes = rows.Column(column);
            if (options.MaxIndexRange > 0)
            {
                uint range = (uint)options.MaxIndexRange;
                for (int row = 0; row < hashes.Length; row++)
                {
                    hashes[row] %= range;
                }
            }

            _vocabularies[column].Encode(hashes, _indices.AsSpan(column), CriteoColumns.Categorical);
        }
    }

    private CriteoCacheMetadata Describe(LineBlockReader reader, BadLineLog log)
    {
        if (_rowsRead < options.Days)
        {
            string skipped = log.Total > 0 ? $" ({log.Total} lines were left out, the first: {log.Examples[0]})" : "";
            throw new BadDataException(
                options.RawDataFile, $"{_rowsRead} rows{skipped} cannot be divided into {options.Days} days; each needs at least one.");
        }

        return new CriteoCacheMetadata
        {
            SourceLength = reader.BytesRead,
            SourceHash = reader.FileHash,
            Format = reader.Format,
            MaxIndexRange = Math.Max(options.MaxIndexRange, 0),
            SubSampleRate = options.SubSampleRate,
            SubSampleFingerprint = sampler.Fingerprint(_rowsRead),
            RowsRead = _rowsRead,
            DayRows = DivideIntoDays(),
            Counts = [.. _vocabularies.Select(vocabulary => vocabulary.Count)],
            Skipped = log.Counts,
            SkippedExamples = log.Examples,
            LastLineUnended = reader.LastLineUnended,
        };
    }

    /// <summary>Equal parts of the rows read, the first ones get the extra rows; then only the kept ones count.</summary>
    private int[] DivideIntoDays()
    {
        var days = new int[options.Days];
        (long share, long extra) = Math.DivRem(_rowsRead, (long)options.Days);
        long start = 0;
        for (int day = 0; day < days.Length; day++)
        {
            long end = start + share + (day < extra ? 1 : 0);
            days[day] = sampler.Active ? CountKept(start, end) : (int)(end - start);
            start = end;
        }

        return days;
    }

    private int CountKept(long start, long end)
    {
        int count = 0;
        for (long row = start; row < end;)
        {
            int offset = (int)(row & 63);
            int length = (int)Math.Min(64 - offset, end - row);
            ulong bits = _kept[(int)(row >> 6)] >> offset;
            count += BitOperations.PopCount(length < 64 ? bits & ((1ul << length) - 1) : bits);
            row += length;
        }

        return count;
    }

    private CriteoCacheWriter? Append(CriteoCacheWriter? cache, CriteoRowBlock rows)
    {
        if (cache is null)
        {
            return null;
        }

        CriteoCacheWriter? usable = TryCache(() =>
        {
            cache.Append(
                rows.Labels.AsSpan(0, rows.Rows), rows.Dense.AsSpan(0, rows.Rows * CriteoColumns.Dense),
                _indices.AsSpan(0, rows.Rows * CriteoColumns.Categorical));
            return cache;
        });
        if (usable is null)
        {
            cache.Dispose();
        }

        return usable;
    }

    private void Commit(ref CriteoCacheWriter? cache, CriteoCacheMetadata metadata)
    {
        CriteoCacheWriter? writer = cache;
        if (writer is not null)
        {
            TryCache(() =>
            {
                writer.Commit(metadata, _vocabularies.Select(vocabulary => vocabulary.Hashes.ToArray()));
                return writer;
            });
        }
    }

    /// <summary>The data are in memory all the same: a cache that cannot be written is worth a message, no more.</summary>
    private CriteoCacheWriter? TryCache(Func<CriteoCacheWriter> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            messages.Add(
                $"the parsed rows cannot be kept in {options.CacheFile}: {exception.Message} They will be read from the text again next time.");
            return null;
        }
    }
}
