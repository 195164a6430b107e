using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Data.Preprocessing;
using Dlrm.Random;
using Dlrm.Threading;

namespace Dlrm.Data.Criteo;

/// <summary>The one pass over Criteo's text: rows to files, hashes to vocabularies, finished pieces to the journal.</summary>
internal sealed class CriteoPass : IDisposable
{
    /// <summary>Bytes of a row in a row file.</summary>
    public const int RowBytes = sizeof(float) * CriteoColumns.Count;

    /// <summary>The columns of the row files.</summary>
    public static readonly Schema ArrowSchema = RowFileWriter.MakeSchema(
        CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense),
        CriteoColumns.Names.Skip(1 + CriteoColumns.Dense).Select(name => (name, false)), weighted: false, grouped: false);

    private readonly CriteoPreprocessOptions _options;
    private readonly IReadOnlyList<string> _files;
    private readonly Journal<CriteoPiece> _journal;
    private readonly string _folder;
    private readonly RejectLog _rejects;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly CriteoColumnRound _round;
    private readonly SubSampler _sampler;
    private readonly int _workers;
    private readonly List<SourceRows> _sources = [];
    private readonly RowBuffers _pending = new(CriteoColumns.Dense, new bool[CriteoColumns.Categorical], weighted: false, grouped: false);
    private readonly int[] _known = new int[CriteoColumns.Categorical];
    private readonly ColumnReport[] _columns = new ColumnReport[CriteoColumns.Categorical];

    // One bit a row read: kept or dropped. Only with sub-sampling; otherwise all are kept.
    private readonly List<ulong> _kept = [];
    private PartWriter _writer;
    private long _journaledRows;
    private long _sampledRows;
    private int _journaledRejects;

    /// <summary>Takes up what the journal has.</summary>
    public CriteoPass(
        CriteoPreprocessOptions options, IReadOnlyList<string> files, Journal<CriteoPiece> journal, string folder, RejectLog rejects,
        IProgress<LoadProgress>? progress)
    {
        _options = options;
        _files = files;
        _journal = journal;
        _folder = folder;
        _rejects = rejects;
        _progress = progress;
        _workers = Math.Min(options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers, 16);
        _round = new CriteoColumnRound(_workers, Math.Max(options.MaxIndexRange, 0)) { Separator = (byte)options.Delimiter };
        _sampler = new SubSampler(new NumpyRandom(options.Seed), options.SubSampleRate);
        _writer = NewWriter();
        Restore();
    }

    /// <summary>The row files.</summary>
    public IReadOnlyList<RowFileEntry> Files => [.. _journal.Pieces.Select(piece => piece.File)];

    /// <summary>Good rows of the source.</summary>
    public long RowsRead { get; private set; }

    /// <summary>What a person should know.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>Reads what is left of the files.</summary>
    public void Run(CancellationToken cancellation)
    {
        CriteoPiece? last = _journal.Pieces.LastOrDefault();
        int first = last?.Source ?? 0;
        long total = _files.Sum(file => file == SourceFiles.StandardInput ? 0 : new FileInfo(file).Length);
        for (int file = first; file < _files.Count; file++)
        {
            bool resumed = file == first && last is not null;
            ReadFile(file, resumed ? last!.TextBytes : 0, resumed ? last!.Lines : 0, total, cancellation);
        }
    }

    /// <summary>Kept rows of each day.</summary>
    public long[] DayRows()
    {
        if (_options.Terabyte)
        {
            return [.. _sources.Select(source => source.Kept)];
        }

        if (RowsRead < _options.Days)
        {
            throw new BadDataException(
                _files[0], $"{RowsRead} rows cannot be divided into {_options.Days} days; each needs at least one.{(_rejects.Total > 0 ? $" {_rejects.Total} lines were left out, the first: {_rejects.First}" : "")}");
        }

        // Equal parts of the rows read, the first ones get the extra rows; then only the kept ones count.
        var days = new long[_options.Days];
        (long share, long extra) = Math.DivRem(RowsRead, (long)days.Length);
        long start = 0;
        for (int day = 0; day < days.Length; day++)
        {
            long end = start + share + (day < extra ? 1 : 0);
            days[day] = _sampler.Active ? CountKept(start, end) : end - start;
            start = end;
        }

        return days;
    }

    /// <summary>What was read, for dataset.json.</summary>
    public IReadOnlyList<SourceEntry> SourceEntries() =>
        [.. _sources.Select((source, file) => new SourceEntry(_files[file], source.Bytes, source.XxHash3, source.Read))];

    /// <summary>The report's columns, once the vocabularies are written.</summary>
    public IReadOnlyList<ColumnReport> Columns => _columns;

    /// <summary>Writes the vocabularies and gives the features.</summary>
    public IReadOnlyList<SparseFeature> WriteVocabularies(string folder)
    {
        var features = new SparseFeature[CriteoColumns.Categorical];
        Parallel.For(0, features.Length, new ParallelOptions { MaxDegreeOfParallelism = _workers }, column =>
        {
            HashVocabulary vocabulary = _round.Vocabularies[column];
            long[] counts = vocabulary.Counts();
            string name = string.Create(CultureInfo.InvariantCulture, $"vocabulary-{column:000}.arrow");
            (string hash, string values) = VocabularyFile.Write(
                Path.Combine(folder, name), vocabulary.Count, StringType.Default,
                (first, length, texts, ends, frequencies) =>
                {
                    WriteHexadecimal(vocabulary.Hashes.Slice(first, length), texts, ends);
                    counts.AsSpan(first, length).CopyTo(frequencies);
                });
            features[column] = new SparseFeature
            {
                Name = CriteoColumns.Names[1 + CriteoColumns.Dense + column],
                TableRows = _options.MaxIndexRange > 0 ? Math.Min(vocabulary.Count, _options.MaxIndexRange) : vocabulary.Count,
                Type = SparseType.Hex,
                Modulo = Math.Max(_options.MaxIndexRange, 0),
                Vocabulary = name,
                VocabularyHash = hash,
                ValuesHash = values,
            };
            _columns[column] = Report(features[column], vocabulary.Hashes, counts);
        });
        return features;
    }

    private static ColumnReport Report(SparseFeature feature, ReadOnlySpan<uint> hashes, long[] counts)
    {
        int missing = hashes.IndexOf(0u);
        var top = new List<string>();
        foreach (int value in MostFrequent.Of(counts))
        {
            top.Add(string.Create(CultureInfo.InvariantCulture, $"{hashes[value]:x8} ({counts[value]:N0})"));
        }

        return new ColumnReport(
            feature.Name, "sparse", counts.Length, feature.TableRows, missing < 0 ? 0 : counts[missing], 0, string.Join(", ", top));
    }

    /// <summary>Ends the threads and gives the memory back.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        _round.Dispose();
    }

    /// <summary>
    /// Writes eight lower-case digits for each hash: each half byte goes to a byte of its own, letters lie 39 above digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteHexadecimal(ReadOnlySpan<uint> hashes, ColumnBuffer texts, Span<int> ends)
    {
        texts.Reserve(hashes.Length * sizeof(ulong), 1);
        Span<byte> text = texts.Bytes;
        for (int row = 0; row < hashes.Length; row++)
        {
            ulong digits = hashes[row];
            digits = ((digits & 0xffff0000) << 16) | (digits & 0xffff);
            digits = ((digits & 0x0000ff000000ff00) << 8) | (digits & 0x000000ff000000ff);
            digits = ((digits & 0x00f000f000f000f0) << 4) | (digits & 0x000f000f000f000f);
            ulong letters = ((digits + 0x0606060606060606) >> 4) & 0x0101010101010101;
            BinaryPrimitives.WriteUInt64BigEndian(text[(row * sizeof(ulong))..], digits + 0x3030303030303030 + (letters * 39));
            ends[row] = (row + 1) * sizeof(ulong);
        }
    }

    private PartWriter NewWriter() => new(
        _folder, string.Create(CultureInfo.InvariantCulture, $"rows-{_journal.Pieces.Count:00000}"), ArrowSchema, _pending)
    {
        IsOneFile = true,
        FileBytes = long.MaxValue,
    };

    private void ReadFile(int file, long skip, long lines, long total, CancellationToken cancellation)
    {
        string name = _files[file];
        long before = _files.Take(file).Sum(path => new FileInfo(path).Length);
        using var reader = new LineBlockReader(name, (2 * _workers) + 2, cancellation, skip: skip);
        long text = skip;
        long length = name == SourceFiles.StandardInput ? 0 : new FileInfo(name).Length;
        if (_sources.Count == file)
        {
            _sources.Add(new SourceRows(0, 0, 0, ""));
        }

        while (_round.Parse(reader, _options.OnBadLine == OnBadLine.Error))
        {
            cancellation.ThrowIfCancellationRequested();
            var read = new int[_round.Count];
            for (int block = 0; block < read.Length; block++)
            {
                read[block] = _round.Rows[block].Rows;
                SubSample(_round.Rows[block]);
            }

            _round.Encode();

            // Block by block, so that pieces end at the same rows with any number of threads. The vocabularies may be
            // ahead of a piece's end by some blocks: these find their values again, with the same numbers.
            for (int block = 0; block < read.Length; block++)
            {
                Append(file, block, read[block], lines);
                lines += _round.Rows[block].Lines;
                text += _round.TextBytes[block];

                // Not behind an overlong line: what is dropped of it comes with the next block.
                if (read[block] > 0 && _writer.PendingBytes > _options.FileBytes)
                {
                    EndPiece(file, text, lines);
                }
            }

            _progress?.Report(new LoadProgress($"reading {Path.GetFileName(name)}", before + reader.BytesRead, total, RowsRead));
        }

        SourceFiles.RequireUnchanged(name, length, reader.BytesRead);
        if (reader.LastLineUnended)
        {
            Messages.Add($"the last line of {name} has no line end; the file may have been cut off there.");
        }

        _sources[file] = _sources[file] with
        {
            Bytes = reader.BytesRead,
            XxHash3 = reader.FileHash.ToString("x16", CultureInfo.InvariantCulture),
        };
        if (_writer.Rows > 0)
        {
            EndPiece(file + 1, 0, 0);
        }
    }

    private void Append(int file, int block, int read, long lines)
    {
        foreach (BadLine bad in _round.Rows[block].BadLines)
        {
            _rejects.Add(_files[file], bad with { Line = lines + bad.Line });
        }

        _writer.Append(_round.Columns[block]);
        RowsRead += read;
        _sources[file] = _sources[file] with
        {
            Read = _sources[file].Read + read,
            Kept = _sources[file].Kept + _round.Rows[block].Rows,
        };
    }

    /// <summary>Takes the dropped rows out of the block.</summary>
    private void SubSample(CriteoRowBlock rows)
    {
        if (!_sampler.Active)
        {
            return;
        }

        long first = _sampledRows;
        _sampledRows += rows.Rows;

        rows.Filter(row =>
        {
            bool keep = !_sampler.Next() || rows.Labels[row] != 0;
            int bit = (int)((first + row) & 63);
            if (bit == 0)
            {
                _kept.Add(0);
            }

            _kept[^1] |= keep ? 1ul << bit : 0;
            return keep;
        });
    }

    private long CountKept(long start, long end)
    {
        long count = 0;
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

    /// <summary>Ends the row file, writes what the vocabularies gained, and tells the journal.</summary>
    private void EndPiece(int source, long text, long lines)
    {
        _writer.Complete();
        RowFileEntry entry = _writer.Files.Single();
        _writer.Dispose();
        string gains = string.Create(CultureInfo.InvariantCulture, $"gains-{_journal.Pieces.Count:00000}.bin");
        string hash = _journal.WriteGains(gains, WriteGains);
        _journal.Add(new CriteoPiece(entry, gains, hash, source, text, lines, RowsRead)
        {
            Sources = [.. _sources],
            Skipped = new Dictionary<string, long>(_rejects.Counts),
            Rejects = [.. _rejects.Lines.Skip(_journaledRejects)],
        });
        _journaledRejects = _rejects.Lines.Count;
        _journaledRows = RowsRead;
        _writer = NewWriter();
    }

    private void WriteGains(Stream stream)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        for (int column = 0; column < _known.Length; column++)
        {
            ReadOnlySpan<uint> gained = _round.Vocabularies[column].Hashes[_known[column]..];
            BinaryPrimitives.WriteInt32LittleEndian(number, gained.Length);
            stream.Write(number);
            stream.Write(MemoryMarshal.AsBytes(gained));
            _known[column] += gained.Length;
        }

        // Words that hold bits of this piece; the first one may be the last of the piece before, and replaces it.
        if (_sampler.Active)
        {
            ulong[] words = [.. _kept[(int)(_journaledRows >> 6)..(int)((RowsRead + 63) >> 6)]];
            if (words.Length > 0 && (RowsRead & 63) is var used and not 0)
            {
                words[^1] &= (1ul << (int)used) - 1;
            }

            stream.Write(MemoryMarshal.AsBytes(words.AsSpan()));
        }
    }

    private void Restore()
    {
        foreach (CriteoPiece piece in _journal.Pieces)
        {
            ReadOnlySpan<byte> gains = File.ReadAllBytes(Path.Combine(_folder, piece.Gains));
            for (int column = 0; column < _known.Length; column++)
            {
                int count = BinaryPrimitives.ReadInt32LittleEndian(gains);
                ReadOnlySpan<uint> hashes = MemoryMarshal.Cast<byte, uint>(gains.Slice(sizeof(int), count * sizeof(uint)));
                _round.Vocabularies[column].Encode(hashes, new int[count], 1);
                _known[column] += count;
                gains = gains[(sizeof(int) + (count * sizeof(uint)))..];
            }

            if (_sampler.Active)
            {
                int shared = (int)(_journaledRows >> 6);
                _kept.RemoveRange(shared, _kept.Count - shared);
                _kept.AddRange(MemoryMarshal.Cast<byte, ulong>(gains));
                for (long row = RowsRead; row < piece.RowsRead; row++)
                {
                    _sampler.Next();
                }
            }

            RowsRead = piece.RowsRead;
            _journaledRows = RowsRead;
            _sampledRows = RowsRead;
            _rejects.Restore(piece.Rejects);
        }

        _journaledRejects = _rejects.Lines.Count;
        if (_journal.Pieces.LastOrDefault() is not { } last)
        {
            return;
        }

        Recount();
        _sources.AddRange(last.Sources);
        _rejects.Restore(last.Skipped);
        _writer.Dispose();
        _writer = NewWriter();
        Messages.Add(string.Create(
            CultureInfo.InvariantCulture, $"an earlier process was stopped after {RowsRead:N0} rows; they were kept."));
    }

    /// <summary>Counts the values of the rows that an earlier process wrote.</summary>
    private void Recount()
    {
        foreach (HashVocabulary vocabulary in _round.Vocabularies)
        {
            vocabulary.ClearCounts();
        }

        foreach (RowFileEntry entry in Files)
        {
            using var file = new RowFile(Path.Combine(_folder, entry.Name), ArrowSchema);
            Parallel.For(0, CriteoColumns.Categorical, new ParallelOptions { MaxDegreeOfParallelism = _workers }, column =>
            {
                HashVocabulary vocabulary = _round.Vocabularies[column];
                foreach (RowFile.Piece piece in file.Pieces)
                {
                    ReadOnlySpan<int> indices = piece.Column<int>(1 + CriteoColumns.Dense + column, 0, piece.Rows);
                    var hashes = new uint[indices.Length];
                    for (int row = 0; row < hashes.Length; row++)
                    {
                        hashes[row] = vocabulary.Hashes[indices[row]];
                    }

                    vocabulary.Encode(hashes, new int[hashes.Length], stride: 1);
                }
            });
        }
    }
}
