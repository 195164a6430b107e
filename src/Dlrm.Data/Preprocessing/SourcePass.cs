using System.Globalization;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
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
internal sealed class SourcePass(
    PreprocessOptions options, SplitRule split, string folder, RejectLog rejects, IProgress<LoadProgress>? progress) : IDisposable
{
    /// <summary>A spool file ends when it is larger.</summary>
    private const long SpoolBytes = 1 << 26;

    private const int MostWorkers = 64;

    private readonly List<SpoolBlock> _blocks = [];
    private readonly List<SourceEntry> _sources = [];
    private FileStream? _spool;
    private VocabularySpill? _spill;
    private int _spools;
    private long _rows;

    /// <summary>Reads all files.</summary>
    /// <exception cref="BadDataException">A file cannot be read as it is.</exception>
    public SpooledSource Run(IReadOnlyList<string> files, CancellationToken cancellation)
    {
        int workers = Math.Min(options.Threads > 0 ? options.Threads : WorkerTeam.DefaultWorkers, MostWorkers);
        using var team = new WorkerTeam(workers);
        RowLayout? layout = null;
        ParseRound? round = null;
        TextConventions? text = null;
        ValueDictionary?[] dictionaries =
        [
            .. options.Schema.Sparse.Select(column => column.Hash > 0 ? null : new ValueDictionary()),
        ];
        long total = files.Sum(file => file == SourceFiles.StandardInput ? 0 : new FileInfo(file).Length);
        long before = 0;
        for (int file = 0; file < files.Count; file++)
        {
            Header header = ReadHeader(files[file], layout);
            layout ??= new RowLayout(header.Names, options.Schema, split, files[file]);
            text ??= header.Conventions(options.Schema);
            RowLayout found = layout;
            round = new ParseRound(
                team, options.Schema, () => new DelimitedParser(found, header.Delimiter, header.Quotes, header.CarriageReturns),
                () => NewBlock(options.Schema, split), dictionaries);
            long first = _rows;
            long length = files[file] == SourceFiles.StandardInput ? 0 : new FileInfo(files[file]).Length;
            using var reader = header.Open((2 * workers) + 2, cancellation);
            ReadFile(reader, round, file, files[file], header.Lines, before, total, cancellation);
            SourceFiles.RequireUnchanged(files[file], length, reader.BytesRead);
            _sources.Add(new SourceEntry(
                files[file], reader.BytesRead, reader.FileHash.ToString("x16", CultureInfo.InvariantCulture), _rows - first));
            before += reader.BytesRead;
        }

        _spool?.Dispose();
        if (_spill is not null && dictionaries.Any(dictionary => dictionary?.Count > 0))
        {
            EndGeneration(dictionaries);
        }

        return new SpooledSource
        {
            Spill = _spill,
            Layout = layout!,
            Blocks = _blocks,
            Rows = _rows,
            Dictionaries = dictionaries,
            Sources = _sources,
            Text = text!,
        };
    }

    /// <summary>Closes the spool.</summary>
    public void Dispose() => _spool?.Dispose();

    /// <summary>A block for the columns of a schema.</summary>
    public static RawBlock NewBlock(DataSchema schema, SplitRule split) => new(
        schema.Dense.Count, [.. schema.Sparse.Select(column => column.Separator is not null)],
        schema.Weight is not null, schema.Group is not null, split.Column.Length > 0);

    private void ReadFile(
        LineBlockReader reader, ParseRound round, int file, string name, int headerLines, long before, long total,
        CancellationToken cancellation)
    {
        long lines = headerLines;
        while (round.Run(reader, options.OnBadLine == OnBadLine.Error))
        {
            cancellation.ThrowIfCancellationRequested();
            for (int index = 0; index < round.Count; index++)
            {
                RawBlock block = round.Blocks[index];
                foreach (BadLine bad in block.BadLines)
                {
                    rejects.Add(name, bad with { Line = lines + bad.Line });
                }

                lines += block.Lines;
                Append(block, file);
            }

            if (options.MemoryLimit > 0 && round.Dictionaries.Sum(dictionary => dictionary?.Bytes ?? 0) > options.MemoryLimit)
            {
                EndGeneration(round.Dictionaries);
            }

            progress?.Report(new LoadProgress($"reading {Path.GetFileName(name)}", before + reader.BytesRead, total, _rows));
        }

        if (reader.LastLineUnended)
        {
            rejects.Note($"the last row of {name} has no line end; the file may have been cut off there.");
        }
    }

    private void Append(RawBlock block, int source)
    {
        if (block.Rows == 0)
        {
            return;
        }

        if (_spool is null || _spool.Position > SpoolBytes)
        {
            _spool?.Dispose();
            _spool = new FileStream(Path.Combine(folder, Spool.Name(_spools++)), FileMode.Create, FileAccess.Write, FileShare.None, 1 << 17);
        }

        long offset = _spool.Position;
        int length = Spool.Write(_spool, block);
        _blocks.Add(new SpoolBlock(_spools - 1, offset, length, block.Rows, _rows, source, _spill?.Generations ?? 0));
        _rows += block.Rows;
    }

    private void EndGeneration(ValueDictionary?[] dictionaries)
    {
        _spill ??= new VocabularySpill(folder, dictionaries.Length);
        _spill.Write(dictionaries);
        for (int column = 0; column < dictionaries.Length; column++)
        {
            dictionaries[column] = dictionaries[column] is null ? null : new ValueDictionary();
        }
    }

    private Header ReadHeader(string file, RowLayout? layout)
    {
        Header header = Header.Read(file, options.Delimiter, options.Quotes);
        if (layout is not null && !header.Names.SequenceEqual(layout.Names))
        {
            throw new BadDataException(
                file, $"has the columns {string.Join(", ", header.Names)}; the first file has {string.Join(", ", layout.Names)}. All files of a data set have the same header.");
        }

        return header;
    }
}
