using System.Diagnostics;
using System.Runtime.CompilerServices;
using Dlrm.Memory;
using Dlrm.Threading;

namespace Dlrm.Kernels;

/// <summary>
/// Measures how fast this machine reads, and reads and writes, random rows: the floor under table lookups and updates.
/// </summary>
/// <remarks>
/// Every worker walks its own part of one list of random row numbers, asks for rows ahead as
/// <see cref="EmbeddingBag"/> does, and does as little as can be done with them: adds them up, or adds a constant.
/// Measure it beside what it is the floor of, in the same process: machines are shared and differ by the minute.
/// </remarks>
public sealed class RandomRowProbe : IDisposable
{
    private const int Lookups = 1 << 20;

    private readonly Engine _engine;
    private readonly NativeBuffer<float> _table;
    private readonly NativeBuffer<int> _indices = new(Lookups);
    private readonly int _dimension;

    /// <summary>Fills a table.</summary>
    /// <param name="engine">Whose workers and instruction set to measure with.</param>
    /// <param name="bytes">Size of the table: far more than the caches hold, for memory's speed.</param>
    /// <param name="dimension">Floats of a row: a multiple of 16.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="dimension"/> is no multiple of 16, or the table has less than one row or more than 2³¹ − 1.
    /// </exception>
    public RandomRowProbe(Engine engine, long bytes, int dimension = 64)
    {
        if (dimension < 16 || dimension % 16 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension, "Expected a multiple of 16.");
        }

        long rows = bytes / (dimension * sizeof(float));
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1, nameof(bytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, int.MaxValue, nameof(bytes));
        _engine = engine;
        _dimension = dimension;
        _table = new NativeBuffer<float>(rows * dimension);
        Span<int> indices = _indices.Span;
        ulong state = 1;
        for (int place = 0; place < indices.Length; place++)
        {
            // Knuth's MMIX generator; its high bits are random enough to defeat caches and prefetchers.
            state = (state * 6364136223846793005) + 1442695040888963407;
            indices[place] = (int)Math.BigMul(state, (ulong)rows, out _);
        }
    }

    /// <summary>Reads 2²⁰ random rows.</summary>
    /// <returns>Bytes of rows read, in GB/s (10⁹).</returns>
    public double Gather() => Measure(update: false) * _dimension * sizeof(float) * 1e-9;

    /// <summary>Reads and writes back 2²⁰ random rows.</summary>
    /// <returns>Bytes of rows read plus bytes written, in GB/s (10⁹).</returns>
    public double Update() => Measure(update: true) * 2 * _dimension * sizeof(float) * 1e-9;

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _table.Dispose();
        _indices.Dispose();
    }

    private double Measure(bool update)
    {
        var work = new Work
        {
            Walk = RowWalk.For(_engine.InstructionSet),
            Table = _table,
            Indices = _indices,
            Dimension = _dimension,
            Update = update,
        };
        long start = Stopwatch.GetTimestamp();
        _engine.Team.Run(ref work);
        return Lookups / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct Work : IParallelWork
    {
        public RowWalk Walk;
        public NativeBuffer<float> Table;
        public NativeBuffer<int> Indices;
        public int Dimension;
        public bool Update;

        public readonly void Execute(int worker, int workers)
        {
            (int start, int end) = WorkerTeam.Share(Lookups, worker, workers);
            if (Update)
            {
                Walk.Update(Table, Indices.Slice(start, end - start), Dimension);
            }
            else
            {
                Walk.Gather(Table, Indices.Slice(start, end - start), Dimension);
            }
        }
    }

    private abstract class RowWalk
    {
        public static RowWalk For(InstructionSet set) => set switch
        {
            InstructionSet.Avx512 => new RowWalk<Simd512>(),
            InstructionSet.Avx2 => new RowWalk<Simd256>(),
            InstructionSet.Vector128 => new RowWalk<Simd128>(),
            _ => new RowWalk<SimdScalar>(),
        };

        public abstract void Gather(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension);

        public abstract void Update(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension);
    }

    private sealed unsafe class RowWalk<TSimd> : RowWalk
        where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Gather(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension)
        {
            int ahead = Prefetch.Distance(dimension * sizeof(float));
            TSimd sum = TSimd.Zero;
            fixed (int* index = indices)
            {
                for (int place = 0; place < indices.Length; place++)
                {
                    int next = index[Math.Min(place + ahead, indices.Length - 1)];
                    Prefetch.Row(table.Data + ((long)next * dimension), dimension * sizeof(float));
                    float* row = table.Data + ((long)index[place] * dimension);
                    for (int column = 0; column < dimension; column += TSimd.Lanes)
                    {
                        sum += TSimd.Load(row + column);
                    }
                }
            }

            // Written where it changes nothing, so that the sum is needed.
            float* sink = stackalloc float[16];
            TSimd.Store(sum, sink);
            Volatile.Write(ref sink[0], sink[0]);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Update(NativeBuffer<float> table, ReadOnlySpan<int> indices, int dimension)
        {
            int ahead = Prefetch.Distance(dimension * sizeof(float));
            TSimd addend = TSimd.Broadcast(1e-3f);
            fixed (int* index = indices)
            {
                for (int place = 0; place < indices.Length; place++)
                {
                    int next = index[Math.Min(place + ahead, indices.Length - 1)];
                    Prefetch.Row(table.Data + ((long)next * dimension), dimension * sizeof(float));
                    float* row = table.Data + ((long)index[place] * dimension);
                    for (int column = 0; column < dimension; column += TSimd.Lanes)
                    {
                        TSimd.Store(TSimd.Load(row + column) + addend, row + column);
                    }
                }
            }
        }
    }
}
