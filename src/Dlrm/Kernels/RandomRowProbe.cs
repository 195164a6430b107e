using System.Diagnostics;
using System.Runtime.CompilerServices;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Kernels;

/// <summary>
/// Measures how fast this machine reads, and reads and writes, random rows: the floor under table lookups and updates.
/// </summary>
/// <remarks>
/// Walks the tables one after another, as a model does, a given number of random rows in each, and asks for rows ahead
/// as <see cref="EmbeddingBag"/> does; with a row it does as little as can be done: adds it up, or writes it back as it
/// is. Size and number of tables matter as much as the bytes moved, since address translation costs too: measure on
/// tables like the model's, or on the model's own (no value changes), in the same process and minute.
/// </remarks>
public sealed class RandomRowProbe : IDisposable
{
    private readonly Engine _engine;
    private readonly NativeBuffer<float>[] _tables;
    private readonly NativeBuffer<float>? _owned;
    private readonly NativeBuffer<int> _indices;
    private readonly int _dimension;
    private readonly int _lookups;

    /// <summary>Will measure on existing tables.</summary>
    /// <param name="engine">Whose workers and instruction set to measure with.</param>
    /// <param name="tables">(E, D) each, one or more; borrowed.</param>
    /// <param name="dimension">D.</param>
    /// <param name="lookups">Random rows to walk in each table, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small, or a table has no row or more than 2³¹ − 1.</exception>
    public RandomRowProbe(Engine engine, IReadOnlyList<NativeBuffer<float>> tables, int dimension, int lookups)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tables.Count, 1, nameof(tables));
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(lookups, 1);
        foreach (NativeBuffer<float> table in tables)
        {
            CheckRows(table.Length, dimension, nameof(tables));
        }

        _engine = engine;
        _tables = [.. tables];
        _dimension = dimension;
        _lookups = lookups;
        _indices = new NativeBuffer<int>((long)tables.Count * lookups);
        ulong state = 1;
        for (int table = 0; table < _tables.Length; table++)
        {
            long rows = _tables[table].Length / dimension;
            foreach (ref int index in _indices.Slice((long)table * lookups, lookups))
            {
                // Knuth's MMIX generator; its high bits are random enough for caches.
                state = (state * 6364136223846793005) + 1442695040888963407;
                index = (int)Math.BigMul(state, (ulong)rows, out _);
            }
        }
    }

    /// <summary>Will measure 2²⁰ lookups on a table of its own.</summary>
    /// <param name="engine">Whose workers and instruction set to measure with.</param>
    /// <param name="bytes">Size of the table: far more than the caches hold, for memory's speed.</param>
    /// <param name="dimension">D.</param>
    /// <exception cref="ArgumentOutOfRangeException">The table has no row or more than 2³¹ − 1.</exception>
    public RandomRowProbe(Engine engine, long bytes, int dimension = 64)
        : this(engine, [new NativeBuffer<float>(CheckRows(bytes / sizeof(float), dimension, nameof(bytes)))], dimension, 1 << 20)
        => _owned = _tables[0];

    /// <summary>Bytes of rows that one pass of <see cref="Gather"/> reads; <see cref="Update"/> moves twice as many.</summary>
    public long BytesRead => _indices.Length * _dimension * sizeof(float);

    /// <summary>Reads the rows once.</summary>
    /// <returns>Bytes read, in GB/s (10⁹).</returns>
    public double Gather() => BytesRead * 1e-9 / Measure(update: false);

    /// <summary>Reads the rows and writes them back once.</summary>
    /// <returns>Bytes read plus bytes written, in GB/s (10⁹).</returns>
    public double Update() => 2 * BytesRead * 1e-9 / Measure(update: true);

    /// <summary>Gives back the memory that is the probe's own.</summary>
    public void Dispose()
    {
        _owned?.Dispose();
        _indices.Dispose();
    }

    private static long CheckRows(long elements, int dimension, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elements / dimension, 1, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elements / dimension, int.MaxValue, name);
        return elements;
    }

    private double Measure(bool update)
    {
        var work = new Work { Probe = this, Walk = RowWalk.For(_engine.InstructionSet), Update = update };
        long start = Stopwatch.GetTimestamp();
        _engine.Team.Run(ref work);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct Work : IParallelWork
    {
        public RandomRowProbe Probe;
        public RowWalk Walk;
        public bool Update;

        public readonly void Execute(int worker, int workers)
        {
            long from = Probe._indices.Length * worker / workers;
            long to = Probe._indices.Length * (worker + 1) / workers;
            while (from < to)
            {
                int table = (int)(from / Probe._lookups);
                long end = Math.Min(to, (table + 1L) * Probe._lookups);
                Span<int> indices = Probe._indices.Slice(from, (int)(end - from));
                if (Update)
                {
                    Walk.Update(Probe._tables[table], indices, Probe._dimension);
                }
                else
                {
                    Walk.Gather(Probe._tables[table], indices, Probe._dimension);
                }

                from = end;
            }
        }
    }

    private abstract class RowWalk
    {
        private static readonly RowWalk[] Kernels =
            [new RowWalk<SimdScalar>(), new RowWalk<Simd128>(), new RowWalk<Simd256>(), new RowWalk<Simd512>()];

        public static RowWalk For(InstructionSet set) => Kernels[(int)set];

        public abstract void Gather(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension);

        public abstract void Update(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension);
    }

    private sealed unsafe class RowWalk<TSimd> : RowWalk
        where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Gather(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension)
        {
            int ahead = Prefetch.Distance((long)dimension * sizeof(float));
            int bytes = Prefetch.RowBytes(dimension);
            TSimd even = TSimd.Zero;
            TSimd odd = TSimd.Zero;
            float rest = 0;
            fixed (int* index = indices)
            {
                for (int place = 0; place < indices.Length; place++)
                {
                    int next = index[Math.Min(place + ahead, indices.Length - 1)];
                    Prefetch.Row(table.Data + ((long)next * dimension), bytes);
                    float* row = table.Data + ((long)index[place] * dimension);
                    int column = 0;
                    for (; column + (2 * TSimd.Lanes) <= dimension; column += 2 * TSimd.Lanes)
                    {
                        even += TSimd.Load(row + column);
                        odd += TSimd.Load(row + column + TSimd.Lanes);
                    }

                    if (column + TSimd.Lanes <= dimension)
                    {
                        even += TSimd.Load(row + column);
                        column += TSimd.Lanes;
                    }

                    for (; column < dimension; column++)
                    {
                        rest += row[column];
                    }
                }
            }

            // Stored, so that the sums are needed.
            float* sink = stackalloc float[16];
            TSimd.Store(even + odd, sink);
            Volatile.Write(ref sink[0], sink[0] + rest);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Update(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension)
        {
            int ahead = Prefetch.Distance((long)dimension * sizeof(float));
            int bytes = Prefetch.RowBytes(dimension);
            fixed (int* index = indices)
            {
                for (int place = 0; place < indices.Length; place++)
                {
                    int next = index[Math.Min(place + ahead, indices.Length - 1)];
                    Prefetch.Row(table.Data + ((long)next * dimension), bytes);
                    float* row = table.Data + ((long)index[place] * dimension);
                    int column = 0;
                    for (; column + TSimd.Lanes <= dimension; column += TSimd.Lanes)
                    {
                        TSimd.Store(TSimd.Load(row + column), row + column);
                    }

                    for (; column < dimension; column++)
                    {
                        Volatile.Write(ref row[column], row[column]);
                    }
                }
            }
        }
    }
}
