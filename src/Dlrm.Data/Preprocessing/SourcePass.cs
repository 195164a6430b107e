using System.Globalization;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Kernels;
using Dlrm.Threading;

namespace Dlrm.Data.Preprocessing;

/// <summary>What the pass over the source found.</summary>
internal sealed record SpooledSource
{
    /// <summary>Where the columns stand.</summary>
    public required RowLayout Layout { get; init; }

    /// <summary>Blocks of rows in order.</summary>
    public required IReadOnlyList<SpoolBlock> Blocks { get; init; }

    /// <summary>Rows.</summary>
    public required long Rows { get; init; }

    /// <summary>The values of each feature; null where hashed. Empty when they were spilled.</summary>
    public required ValueDictionary?[] Dictionaries { get; init; }

    /// <summary>The values of each feature on disk, when they outgrew <see cref="PreprocessOptions.MemoryLimit"/>.</summary>
    public VocabularySpill? Spill { get; init; }

    /// <summary>What was read.</summary>
    public required IReadOnlyList<SourceEntry> Sources { get; init; }

    /// <summary>How the text is divided.</summary>
    public required TextConventions Text { get; init; }
}

/// <summary>The one pass over the source: parses, numbers categories by first appearance, spools the rows.</summary>
internal sealed class SourcePass : IDisposable
{
    private const int MostWorkers = 64;

    private readonly PreprocessOptions _options;
    private readonly SplitRule _split;
    private readonly RejectLog _rejects;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly ValueDictionary?[] _dictionaries;
    private readonly SpoolJournal _spool;
    private long _rows;
    private long _rowsBeforeSource;

    /// <summary>Takes up what the journal has.</summary>
    public SourcePass(
        PreprocessOptions options, SplitRule split, Journal<SpoolPiece> journal, string folder, RejectLog rejects,
        IProgress<LoadProgress>? progress)
    {
        _options = options;
        _split = split;
        _rejects = rejects;
        _progress = progress;
        _dictionaries = [.. options.Schema.Sparse.Select(column => column.Hash > 0 ? null : new ValueDictionary())];
        _spool = new SpoolJournal(journal, folder, rejects, _dictionaries);
        _rows = _spool.Last?.Rows ?? 0;
        _rowsBeforeSource = _spool.Last?.RowsBeforeSource ?? 0;
    }

    /// <summary>Reads what is left of the files.</summary>
    /// <exception cref="BadDataException">A file cannot be read as it is.</exception>
    public SpooledSource Run(IReadOnlyList<string> files, CancellationToken cancellation)
    {
        int workers = Math.Min(_options.Threads > 0 ? _options.Threads : WorkerTeam.DefaultWorkers, MostWorkers);
        using var team = new WorkerTeam(workers);
        int first = _spool.Last?.Source ?? 0;
        Header header = Header.Read(files[0], _options.Delimiter, _options.Quotes);
        var layout = new RowLayout(header.Names, _options.Schema, _split, files[0]);
        TextConventions text = header.Conventions(_options.Schema);
        long total = files.Sum(Length);
        for (int file = first; file < files.Count; file++)
        {
            header = file == 0 ? header : ReadHeader(files[file], layout);
            Header found = header;
            var round = new ParseRound(
                team, _options.Schema, () => new DelimitedParser(layout, found.Delimiter, found.Quotes, found.CarriageReturns, InstructionSets.Choose()),
                () => NewBlock(_options.Schema, _split), _dictionaries);
            bool resumed = file == first && _spool.Last is { TextBytes: > 0 };
            long skip = resumed ? _spool.Last!.TextBytes : 0;
            _rowsBeforeSource = resumed ? _rowsBeforeSource : _rows;
            long length = Length(files[file]);
            using var reader = header.Open((2 * workers) + 2, cancellation, skip);
            var place = new Place(file, files[file], skip, resumed ? _spool.Last!.Lines : header.Lines);
            ReadFile(reader, round, place, files.Take(file).Sum(Length), total, cancellation);
            SourceFiles.RequireUnchanged(files[file], length, reader.BytesRead);
            _spool.Sources.Add(new SourceEntry(
                files[file], reader.BytesRead, reader.FileHash.ToString("x16", CultureInfo.InvariantCulture), _rows - _rowsBeforeSource));
        }

        if (_spool.Spill is not null && _dictionaries.Any(dictionary => dictionary?.Count > 0))
        {
            _spool.EndGeneration(_dictionaries);
        }

        if (first < files.Count)
        {
            _spool.EndPiece((files.Count, 0, 0), _rows, _rows, _dictionaries);
        }

        return new SpooledSource
        {
            Spill = _spool.Spill,
            Layout = layout,
            Blocks = _spool.Blocks,
            Rows = _rows,
            Dictionaries = _dictionaries,
            Sources = _spool.Sources,
            Text = text,
        };
    }

    /// <summary>Closes the spool.</summary>
    public void Dispose() => _spool.Dispose();

    /// <summary>A block for the columns of a schema.</summary>
    public static RawBlock NewBlock(DataSchema schema, SplitRule split) => new(
        schema.Dense.Count, [.. schema.Sparse.Select(column => column.Separator is not null)],
        schema.Weight is not null, schema.Group is not null, split.Column.Length > 0);

    private static long Length(string file) => file == SourceFiles.StandardInput ? 0 : new FileInfo(file).Length;

    private void ReadFile(
        LineBlockReader reader, ParseRound round, Place place, long before, long total, CancellationToken cancellation)
    {
        while (round.Run(reader, _options.OnBadLine == OnBadLine.Error))
        {
            cancellation.ThrowIfCancellationRequested();

            // Block by block, so that pieces end at the same rows with any number of threads.
            for (int index = 0; index < round.Count; index++)
            {
                RawBlock block = round.Blocks[index];
                foreach (BadLine bad in block.BadLines)
                {
                    _rejects.Add(place.Name, bad with { Line = place.Lines + bad.Line });
                }

                place.Lines += block.Lines;
                place.TextBytes += block.TextBytes;
                if (block.Rows > 0)
                {
                    _spool.Append(block, _rows, place.File);
                    _rows += block.Rows;
                }

                // Not behind an overlong line: what is dropped of it comes with the next block.
                if (block.Rows > 0 && _spool.PendingBytes > _options.PieceBytes)
                {
                    _spool.EndPiece((place.File, place.TextBytes, place.Lines), _rows, _rowsBeforeSource, _dictionaries);
                }
            }

            if (_options.MemoryLimit > 0 && _dictionaries.Sum(dictionary => dictionary?.Bytes ?? 0) > _options.MemoryLimit)
            {
                _spool.EndGeneration(_dictionaries);
            }

            _progress?.Report(new LoadProgress($"reading {Path.GetFileName(place.Name)}", before + reader.BytesRead, total, _rows));
        }

        if (reader.LastLineUnended)
        {
            _rejects.Note($"the last row of {place.Name} has no line end; the file may have been cut off there.");
        }
    }

    private Header ReadHeader(string file, RowLayout layout)
    {
        Header header = Header.Read(file, _options.Delimiter, _options.Quotes);
        return header.Names.SequenceEqual(layout.Names)
            ? header
            : throw new BadDataException(
                file, $"has the columns {string.Join(", ", header.Names)}; the first file has {string.Join(", ", layout.Names)}. All files of a data set have the same header.");
    }

    /// <summary>How far a file was read.</summary>
    private sealed class Place(int file, string name, long textBytes, long lines)
    {
        public int File => file;

        public string Name => name;

        public long TextBytes { get; set; } = textBytes;

        public long Lines { get; set; } = lines;
    }
}
