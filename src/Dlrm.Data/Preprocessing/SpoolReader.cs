using Dlrm.Threading;

namespace Dlrm.Data.Preprocessing;

/// <summary>Reads spooled rows, several blocks at a time, each by a worker.</summary>
internal sealed class SpoolReader : IDisposable
{
    private readonly SpooledSource _source;
    private readonly FileStream[] _files;
    private readonly byte[][] _bytes;
    private readonly WorkerTeam _team;

    /// <summary>Opens the spool.</summary>
    public SpoolReader(SpooledSource source, DataSchema schema, SplitRule split, string folder, WorkerTeam team)
    {
        _source = source;
        _team = team;
        _files =
        [
            .. source.Blocks.Select(block => block.File).Distinct()
                .Select(file => File.OpenRead(Path.Combine(folder, Spool.Name(file)))),
        ];
        Blocks = [.. Enumerable.Range(0, team.Workers).Select(_ => SourcePass.NewBlock(schema, split))];
        _bytes = [.. Blocks.Select(_ => Array.Empty<byte>())];
    }

    /// <summary>The rows of this round's blocks.</summary>
    public RawBlock[] Blocks { get; }

    /// <summary>Blocks in this round.</summary>
    public int Count { get; private set; }

    /// <summary>The first block of this round.</summary>
    public int First { get; private set; }

    /// <summary>Where a block of this round stands.</summary>
    public SpoolBlock Place(int block) => _source.Blocks[First + block];

    /// <summary>Reads blocks in order; those of a round are of one generation.</summary>
    /// <param name="first">The first block.</param>
    /// <param name="beforeRound">Called before each round, with its generation.</param>
    /// <param name="perBlock">Called by workers, for the blocks of a round at the same time.</param>
    /// <param name="perRound">Called after each round.</param>
    public void Run(int first, Action<int> beforeRound, Action<int> perBlock, Action perRound)
    {
        for (First = first; First < _source.Blocks.Count; First += Count)
        {
            int generation = Place(0).Generation;
            Count = 1;
            while (Count < Blocks.Length && First + Count < _source.Blocks.Count && Place(Count).Generation == generation)
            {
                Count++;
            }

            beforeRound(generation);
            var work = new ReadWork(this, perBlock);
            _team.Run(ref work);
            perRound();
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (FileStream file in _files)
        {
            file.Dispose();
        }
    }

    private void Read(int block)
    {
        SpoolBlock place = Place(block);
        if (_bytes[block].Length < place.Length)
        {
            _bytes[block] = new byte[place.Length + (place.Length / 4)];
        }

        Span<byte> bytes = _bytes[block].AsSpan(0, place.Length);
        for (int done = 0; done < bytes.Length;)
        {
            int count = RandomAccess.Read(_files[place.File].SafeFileHandle, bytes[done..], place.Offset + done);
            done += count > 0 ? count : throw new EndOfStreamException($"{_files[place.File].Name} became shorter while it was read.");
        }

        Spool.Read(bytes, place.Rows, Blocks[block]);
    }

    private readonly struct ReadWork(SpoolReader reader, Action<int> perBlock) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker < reader.Count)
            {
                reader.Read(worker);
                perBlock(worker);
            }
        }
    }
}
