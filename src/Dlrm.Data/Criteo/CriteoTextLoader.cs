using System.Numerics;
using Dlrm.Data.Lines;
using Dlrm.Threading;

namespace Dlrm.Data.Criteo;

/// <summary>Reads the text: parses, sub-samples, numbers the hashes, and keeps the rows in memory and in the cache.</summary>
internal sealed class CriteoTextLoader(
    CriteoKaggleOptions options, SubSampler sampler, IProgress<LoadProgress>? progress, List<string> messages)
{
    /// <summary>More threads than this outrun any reader of one file.</summary>
    private const int MostWorkers = 16;

    /// <summary>Text between two reports of progress, in blocks: about 8 MB.</summary>
    private const int ProgressBlocks = 32;

    // One bit a row read: kept or dropped. Only with sub-sampling; otherwise all are kept.
    private readonly List<ulong> _kept = [];
    private long _rowsRead;
    private long _linesRead;

    /// <summary>Loads the file.</summary>
    /// <exception cref="BadDataException">The file cannot be read as it is.</exception>
    public CriteoContent Load(CancellationToken cancellation)
    {
        string file = options.RawDataFile;
        int workers = Math.Min(options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers, MostWorkers);
        var log = new BadLineLog(file, options.OnBadLine);
        using var reader = new LineBlockReader(file, (2 * workers) + 2, cancellation);
        using var builder = new TabularDataSetBuilder(CriteoColumns.Dense, options.Tables);
        using var round = new CriteoRound(workers);
        CriteoCacheWriter? cache = options.UseCache ? TryCreateCache() : null;
        try
        {
            long length = new FileInfo(file).Length;
            int blocks = 0;
            while (round.Parse(reader, options.OnBadLine == OnBadLine.Error))
            {
                for (int block = 0; block < round.Count; block++)
                {
                    TakeBadLines(round.Rows[block], log);
                    SubSample(round.Rows[block]);
                }

                round.Number(options.MaxIndexRange);
                round.Write(builder);
                cache = Append(cache, round);
                if (blocks / ProgressBlocks != (blocks += round.Count) / ProgressBlocks)
                {
                    progress?.Report(new LoadProgress($"reading {file}", reader.BytesRead, length, builder.Rows));
                }
            }

            uint[][] vocabularies = [.. round.Vocabularies.Select(vocabulary => vocabulary.Hashes.ToArray())];
            CriteoCacheMetadata metadata = Describe(reader, log, vocabularies);
            if (cache is not null)
            {
                TryCache(() => cache.Commit(metadata, vocabularies));
            }

            TabularDataSet set = builder.Build(CriteoKaggle.TableRows(metadata.Counts, options));
            return new CriteoContent(set, vocabularies, metadata);
        }
        finally
        {
            cache?.Dispose();
        }
    }

    private void TakeBadLines(CriteoRowBlock rows, BadLineLog log)
    {
        foreach (BadLine bad in rows.BadLines)
        {
            log.Add(bad with { Line = _linesRead + bad.Line });
        }

        _linesRead += rows.Lines;
    }

    /// <summary>Takes the dropped rows out of the block.</summary>
    private void SubSample(CriteoRowBlock rows)
    {
        long first = _rowsRead;
        _rowsRead += rows.Rows;
        if (sampler.Active)
        {
            rows.Filter(row =>
            {
                bool keep = !sampler.Next() || rows.Labels[row] != 0;
                int bit = (int)((first + row) & 63);
                if (bit == 0)
                {
                    _kept.Add(0);
                }

                _kept[^1] |= keep ? 1ul << bit : 0;
                return keep;
            });
        }
    }

    private CriteoCacheMetadata Describe(LineBlockReader reader, BadLineLog log, uint[][] vocabularies)
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
            Counts = [.. vocabularies.Select(vocabulary => vocabulary.Length)],
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

    /// <summary>Adds the round to the cache; gives the cache, or null once it could not be written.</summary>
    private CriteoCacheWriter? Append(CriteoCacheWriter? cache, CriteoRound round)
    {
        if (cache is null)
        {
            return null;
        }

        bool written = TryCache(() =>
        {
            for (int block = 0; block < round.Count; block++)
            {
                CriteoRowBlock rows = round.Rows[block];
                cache.Append(
                    rows.Labels.AsSpan(0, rows.Rows), rows.Dense.AsSpan(0, rows.Rows * CriteoColumns.Dense),
                    rows.Indices.AsSpan(0, rows.Rows * CriteoColumns.Categorical));
            }
        });
        if (written)
        {
            return cache;
        }

        cache.Dispose();
        return null;
    }

    private CriteoCacheWriter? TryCreateCache()
    {
        CriteoCacheWriter? cache = null;
        TryCache(() => cache = new CriteoCacheWriter(options.CacheFile));
        return cache;
    }

    /// <summary>The data are in memory all the same: a cache that cannot be written is worth a message, no more.</summary>
    private bool TryCache(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            messages.Add(
                $"the parsed rows cannot be kept in {options.CacheFile}: {exception.Message} They will be read from the text again next time.");
            return false;
        }
    }
}
