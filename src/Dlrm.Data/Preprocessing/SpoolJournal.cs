using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>Writes the spool in pieces that a killed process finds again: rows, dictionaries, place in the source.</summary>
internal sealed class SpoolJournal : IDisposable
{
    private readonly Journal<SpoolPiece> _journal;
    private readonly string _folder;
    private readonly RejectLog _rejects;
    private readonly int[] _known;
    private readonly List<SpoolBlock> _blocks = [];
    private HashingWriteStream? _spool;
    private int _journaledBlocks;
    private int _journaledSources;
    private int _journaledGenerations;
    private int _journaledRejects;
    private int _journaledNotes;

    /// <summary>Takes up what the journal has.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="folder">The folder in the making.</param>
    /// <param name="rejects">Gets the bad rows of an earlier process.</param>
    /// <param name="dictionaries">Get their values.</param>
    public SpoolJournal(Journal<SpoolPiece> journal, string folder, RejectLog rejects, ValueDictionary?[] dictionaries)
    {
        _journal = journal;
        _folder = folder;
        _rejects = rejects;
        _known = new int[dictionaries.Length];
        foreach (SpoolPiece piece in journal.Pieces)
        {
            Restore(piece, dictionaries);
        }

        if (journal.Pieces.LastOrDefault() is { } last)
        {
            rejects.Restore(last.Skipped);
            rejects.Note(string.Create(
                CultureInfo.InvariantCulture, $"an earlier process was stopped after {last.Rows:N0} rows; they were kept."));
            _journaledNotes = rejects.Notes.Count;
        }
    }

    /// <summary>Where the next piece begins; null at the beginning.</summary>
    public SpoolPiece? Last => _journal.Pieces.LastOrDefault();

    /// <summary>Blocks of rows in order.</summary>
    public IReadOnlyList<SpoolBlock> Blocks => _blocks;

    /// <summary>Files read to their end.</summary>
    public List<SourceEntry> Sources { get; } = [];

    /// <summary>Generations of vocabularies on disk; null for none.</summary>
    public VocabularySpill? Spill { get; private set; }

    /// <summary>Bytes of the piece under way.</summary>
    public long PendingBytes => _spool?.Position ?? 0;

    /// <summary>Adds the rows of a block.</summary>
    /// <param name="block">The block, one row or more.</param>
    /// <param name="firstRow">Rows before it.</param>
    /// <param name="source">The number of the source file.</param>
    public void Append(RawBlock block, long firstRow, int source)
    {
        _spool ??= new HashingWriteStream(new FileStream(
            Path.Combine(_folder, Spool.Name(_journal.Pieces.Count)), FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 17));
        long offset = _spool.Position;
        int length = Spool.Write(_spool, block);
        _blocks.Add(new SpoolBlock(_journal.Pieces.Count, offset, length, block.Rows, firstRow, source, Spill?.Generations ?? 0));
    }

    /// <summary>Ends a generation of dictionaries: they go to disk, and empty ones begin.</summary>
    public void EndGeneration(ValueDictionary?[] dictionaries)
    {
        Spill ??= new VocabularySpill(_folder, dictionaries.Length);
        Spill.Write(dictionaries);
        for (int column = 0; column < dictionaries.Length; column++)
        {
            dictionaries[column] = dictionaries[column] is null ? null : new ValueDictionary();
        }

        Array.Clear(_known);
    }

    /// <summary>Ends the spool file and tells the journal.</summary>
    /// <param name="place">Where the next piece begins: source file, bytes of text and lines before it there.</param>
    /// <param name="rows">Rows of all files before it.</param>
    /// <param name="rowsBeforeSource">Rows before that source file.</param>
    /// <param name="dictionaries">The dictionaries; they may be ahead of the piece by some blocks.</param>
    public void EndPiece((int Source, long TextBytes, long Lines) place, long rows, long rowsBeforeSource, ValueDictionary?[] dictionaries)
    {
        string spool = Spool.Name(_journal.Pieces.Count);
        _spool ??= new HashingWriteStream(new FileStream(Path.Combine(_folder, spool), FileMode.Create, FileAccess.Write));
        _spool.FlushToDisk();
        string spoolHash = Text(_spool.Hash);
        _spool.Dispose();
        _spool = null;
        string gains = string.Create(CultureInfo.InvariantCulture, $"gains-{_journal.Pieces.Count:00000}.bin");
        string gainsHash = _journal.WriteGains(gains, stream => WriteGains(stream, dictionaries));
        int[] generations = [.. Enumerable.Range(_journaledGenerations, (Spill?.Generations ?? 0) - _journaledGenerations)];
        _journal.Add(new SpoolPiece(spool, spoolHash, gains, gainsHash)
        {
            Source = place.Source,
            TextBytes = place.TextBytes,
            Lines = place.Lines,
            Rows = rows,
            RowsBeforeSource = rowsBeforeSource,
            Blocks = [.. _blocks.Skip(_journaledBlocks)],
            Sources = [.. Sources.Skip(_journaledSources)],
            Generations = [.. generations.Select(generation => Spill!.Counts(generation))],
            GenerationFiles = generations.SelectMany(generation => Spill!.Files(generation)).ToDictionary(name => name, Hash),
            Skipped = new Dictionary<string, long>(_rejects.Counts),
            Rejects = [.. _rejects.Lines.Skip(_journaledRejects)],
            Notes = [.. _rejects.Notes.Skip(_journaledNotes)],
        });
        Mark();
    }

    /// <summary>Closes the spool file.</summary>
    public void Dispose() => _spool?.Dispose();

    private static string Text(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);

    private string Hash(string name)
    {
        using FileStream stream = File.OpenRead(Path.Combine(_folder, name));
        var hash = new XxHash3();
        hash.Append(stream);
        return Text(hash.GetCurrentHashAsUInt64());
    }

    private void Mark()
    {
        _journaledBlocks = _blocks.Count;
        _journaledSources = Sources.Count;
        _journaledGenerations = Spill?.Generations ?? 0;
        _journaledRejects = _rejects.Lines.Count;
        _journaledNotes = _rejects.Notes.Count;
    }

    private void WriteGains(Stream stream, ValueDictionary?[] dictionaries)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        for (int column = 0; column < dictionaries.Length; column++)
        {
            int count = dictionaries[column]?.Count ?? 0;
            BinaryPrimitives.WriteInt32LittleEndian(number, count - _known[column]);
            stream.Write(number);
            for (int id = _known[column]; id < count; id++)
            {
                ReadOnlySpan<byte> value = dictionaries[column]![id];
                BinaryPrimitives.WriteInt32LittleEndian(number, value.Length);
                stream.Write(number);
                stream.Write(value);
            }

            _known[column] = count;
        }
    }

    private void Restore(SpoolPiece piece, ValueDictionary?[] dictionaries)
    {
        foreach (IReadOnlyList<int> counts in piece.Generations)
        {
            Spill ??= new VocabularySpill(_folder, dictionaries.Length);
            Spill.Restore(counts);
            for (int column = 0; column < dictionaries.Length; column++)
            {
                dictionaries[column] = dictionaries[column] is null ? null : new ValueDictionary();
            }

            Array.Clear(_known);
        }

        ReadOnlySpan<byte> gains = File.ReadAllBytes(Path.Combine(_folder, piece.Gains));
        for (int column = 0; column < dictionaries.Length; column++)
        {
            int count = Take(ref gains);
            for (int value = 0; value < count; value++)
            {
                int length = Take(ref gains);
                dictionaries[column]!.Add(gains[..length], ValueDictionary.Hash(gains[..length]));
                gains = gains[length..];
            }

            _known[column] += count;
        }

        _blocks.AddRange(piece.Blocks);
        Sources.AddRange(piece.Sources);
        _rejects.Restore(piece.Rejects);
        _rejects.RestoreNotes(piece.Notes);
        Mark();
    }

    private static int Take(ref ReadOnlySpan<byte> bytes)
    {
        int number = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        bytes = bytes[sizeof(int)..];
        return number;
    }
}
