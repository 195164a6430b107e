using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dlrm.Data.Preprocessing;

/// <summary>
/// Vocabularies that outgrew their memory, on disk: each time the dictionaries are full, a generation of them ends, is
/// written sorted, and empty ones begin. Rows hold numbers of their generation.
/// </summary>
internal sealed class VocabularySpill(string folder, int columns)
{
    private readonly List<int[]> _counts = [];

    /// <summary>Generations written.</summary>
    public int Generations => _counts.Count;

    /// <summary>Values of a column in a generation.</summary>
    public int Count(int generation, int column) => _counts[generation][column];

    /// <summary>The numbers of values of a generation, by column.</summary>
    public IReadOnlyList<int> Counts(int generation) => _counts[generation];

    /// <summary>Takes up a generation that an earlier process wrote.</summary>
    public void Restore(IReadOnlyList<int> counts) => _counts.Add([.. counts]);

    /// <summary>The files of a generation's values.</summary>
    public IEnumerable<string> Files(int generation) => Enumerable.Range(0, columns)
        .Select(column => Path.GetFileName(Name("values", generation, column)))
        .Where(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Writes a generation: of each column its values in the order of their bytes, each with its number.</summary>
    public void Write(ValueDictionary?[] dictionaries)
    {
        int generation = _counts.Count;
        var counts = new int[columns];
        for (int column = 0; column < columns; column++)
        {
            if (dictionaries[column] is { } dictionary)
            {
                counts[column] = dictionary.Count;
                WriteSorted(Name("values", generation, column), dictionary);
            }
        }

        _counts.Add(counts);
    }

    /// <summary>Keeps how many training values each number of a generation has.</summary>
    public void WriteFrequencies(int generation, int column, ReadOnlySpan<long> frequencies)
    {
        using FileStream stream = File.Create(Name("counts", generation, column));
        stream.Write(MemoryMarshal.AsBytes(frequencies));
    }

    /// <summary>The index of each number of a generation, once the column was merged.</summary>
    public int[] ReadIndices(int generation, int column) =>
        MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(Name("indices", generation, column))).ToArray();

    /// <summary>
    /// Goes through the values of all generations in the order of their bytes, adds up their frequencies, and gives those
    /// that are frequent enough their indices: 1, 2, … by first appearance.
    /// </summary>
    /// <param name="column">The column.</param>
    /// <param name="minFrequency">Rarer values get 0.</param>
    /// <returns>The values that have an index, in its order, with their frequencies, and how many different values there are.</returns>
    public MergedVocabulary Merge(int column, long minFrequency)
    {
        var runs = new PriorityQueue<Run, Run>(Run.Order);
        var pairs = new BinaryWriter[Generations];
        var kept = new List<(long First, long Frequency, byte[] Value)>();
        long distinct = 0;
        try
        {
            for (int generation = 0; generation < Generations; generation++)
            {
                pairs[generation] = new BinaryWriter(File.Create(Name("pairs", generation, column)));
                var run = new Run(generation, Name("values", generation, column), Name("counts", generation, column));
                if (run.Next())
                {
                    runs.Enqueue(run, run);
                }
                else
                {
                    run.Dispose();
                }
            }

            var same = new List<(int Generation, int Number)>();
            while (runs.Count > 0)
            {
                byte[] value = runs.Peek().Value;
                long frequency = 0;
                long first = long.MaxValue;
                same.Clear();
                while (runs.Count > 0 && runs.Peek().Value.AsSpan().SequenceEqual(value))
                {
                    Run run = runs.Dequeue();
                    same.Add((run.Generation, run.Number));
                    frequency += run.Frequency;
                    first = Math.Min(first, ((long)run.Generation << 32) | (uint)run.Number);
                    if (run.Next())
                    {
                        runs.Enqueue(run, run);
                    }
                    else
                    {
                        run.Dispose();
                    }
                }

                distinct++;
                if (frequency >= minFrequency)
                {
                    foreach ((int generation, int number) in same)
                    {
                        pairs[generation].Write(number);
                        pairs[generation].Write(kept.Count);
                    }

                    kept.Add((first, frequency, value));
                }
            }
        }
        finally
        {
            foreach (BinaryWriter? writer in pairs)
            {
                writer?.Dispose();
            }
        }

        return Number(column, kept, distinct);
    }

    private MergedVocabulary Number(int column, List<(long First, long Frequency, byte[] Value)> kept, long distinct)
    {
        int[] byAppearance = [.. Enumerable.Range(0, kept.Count).OrderBy(number => kept[number].First)];
        var index = new int[kept.Count];
        for (int place = 0; place < byAppearance.Length; place++)
        {
            index[byAppearance[place]] = place + 1;
        }

        for (int generation = 0; generation < Generations; generation++)
        {
            var indices = new int[Count(generation, column)];
            string name = Name("pairs", generation, column);
            using (var reader = new BinaryReader(File.OpenRead(name)))
            {
                for (long pair = reader.BaseStream.Length / 8; pair > 0; pair--)
                {
                    int number = reader.ReadInt32();
                    indices[number] = index[reader.ReadInt32()];
                }
            }

            using FileStream stream = File.Create(Name("indices", generation, column));
            stream.Write(MemoryMarshal.AsBytes(indices.AsSpan()));
            File.Delete(name);
        }

        return new MergedVocabulary(
            [.. byAppearance.Select(number => kept[number].Value)], [.. byAppearance.Select(number => kept[number].Frequency)], distinct);
    }

    private string Name(string kind, int generation, int column) => Path.Combine(
        folder, string.Create(CultureInfo.InvariantCulture, $"spool-{kind}-{generation:00000}-{column:000}.bin"));

    private static void WriteSorted(string path, ValueDictionary dictionary)
    {
        var order = new int[dictionary.Count];
        for (int number = 0; number < order.Length; number++)
        {
            order[number] = number;
        }

        Array.Sort(order, (left, right) => dictionary[left].SequenceCompareTo(dictionary[right]));
        using var writer = new BinaryWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16));
        foreach (int number in order)
        {
            ReadOnlySpan<byte> value = dictionary[number];
            writer.Write(number);
            writer.Write(value.Length);
            writer.Write(value);
        }

        ((FileStream)writer.BaseStream).Flush(flushToDisk: true);
    }

    /// <summary>A generation's values, in the order of their bytes.</summary>
    private sealed class Run(int generation, string values, string counts) : IDisposable
    {
        private readonly BinaryReader _reader = new(new FileStream(values, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16));

        private readonly FileStream _counts = File.OpenRead(counts);

        public static IComparer<Run> Order { get; } = Comparer<Run>.Create((left, right) =>
            left.Value.AsSpan().SequenceCompareTo(right.Value) is var order && order != 0 ? order : left.Generation - right.Generation);

        public int Generation => generation;

        public int Number { get; private set; }

        public byte[] Value { get; private set; } = [];

        /// <summary>Read where it stands: all of a generation's would take memory for each generation.</summary>
        public long Frequency
        {
            get
            {
                Span<byte> bytes = stackalloc byte[sizeof(long)];
                RandomAccess.Read(_counts.SafeFileHandle, bytes, Number * (long)sizeof(long));
                return BinaryPrimitives.ReadInt64LittleEndian(bytes);
            }
        }

        public bool Next()
        {
            if (_reader.BaseStream.Position == _reader.BaseStream.Length)
            {
                return false;
            }

            Number = _reader.ReadInt32();
            Value = _reader.ReadBytes(_reader.ReadInt32());
            return true;
        }

        public void Dispose()
        {
            _reader.Dispose();
            _counts.Dispose();
        }
    }
}

/// <summary>A vocabulary merged of generations.</summary>
/// <param name="Values">Values by index − 1.</param>
/// <param name="Frequencies">Training values of each.</param>
/// <param name="Distinct">Different values, the rare ones included.</param>
internal sealed record MergedVocabulary(byte[][] Values, long[] Frequencies, long Distinct);
