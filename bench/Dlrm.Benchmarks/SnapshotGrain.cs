using System.Diagnostics;
using System.Globalization;

namespace Dlrm.Benchmarks;

/// <summary>
/// What a step pays for a snapshot of a table, by the grain in which changed rows are copied aside, and what writing only the
/// changed rows would save: a prototype of each over one table of 1,000,000 rows × 64, 2,048 uniform lookups a step.
/// Arguments: perhaps steps that the write lasts (100), steps of a minute (1500).
/// </summary>
/// <remarks>
/// Copying: the reader passes the table at an even pace; before a step changes rows, their chunks that are not read and not
/// copied yet are. Increment: each step marks its rows, always; what a checkpoint then writes are the marked ones. Memory for
/// copies is fresh, as in a real run. One thread; the grains take turns, the best of three rounds counts.
/// </remarks>
internal static class SnapshotGrain
{
    private const int Rows = 1_000_000;
    private const int Dimension = 64;
    private const int Lookups = 2048;
    private const int Rounds = 3;

    public static void Run(string[] arguments)
    {
        int steps = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 100;
        int minute = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 1500;
        float[] table = new float[Rows * Dimension];
        Array.Fill(table, 1);
        int[] grains = [1, 16, 256, 4096];
        double[] best = [.. grains.Select(_ => double.PositiveInfinity)];
        long[] copied = new long[grains.Length];
        for (int round = 0; round < Rounds; round++)
        {
            for (int number = 0; number < grains.Length; number++)
            {
                (double seconds, copied[number]) = Copy(table, grains[number], steps);
                best[number] = Math.Min(best[number], seconds);
            }
        }

        for (int number = 0; number < grains.Length; number++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"copied by {grains[number],4} rows ({grains[number] * Dimension * sizeof(float) / 1024.0,7:0.00} KiB): {1e3 * best[number] / steps,7:0.000} ms "
                + $"a step during the write, {copied[number] * Dimension * sizeof(float) / 1048576.0,6:0.0} MiB aside"));
        }

        (double marking, long marked) = Mark(minute);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"increment: {1e3 * marking / minute:0.000} ms a step, always; after {minute} steps {100.0 * marked / Rows:0.0} % of the rows are to be written"));
    }

    /// <summary>Seconds that the steps of one write spend copying, and rows copied.</summary>
    private static (double Seconds, long Rows) Copy(float[] table, int grain, int steps)
    {
        GC.Collect();
        var random = new System.Random(7);
        int[] rows = new int[Lookups];
        bool[] done = new bool[(Rows / grain) + 1];
        var aside = new List<float[]>();
        int room = 0;
        long copied = 0;
        long ticks = 0;
        for (int step = 0; step < steps; step++)
        {
            Draw(random, rows);
            int read = (int)((long)Rows * step / steps) / grain;
            long start = Stopwatch.GetTimestamp();
            foreach (int row in rows)
            {
                int chunk = row / grain;
                if (chunk < read || done[chunk])
                {
                    continue;
                }

                done[chunk] = true;
                int first = chunk * grain;
                int length = Math.Min(grain, Rows - first) * Dimension;
                if (room < length)
                {
                    aside.Add(GC.AllocateUninitializedArray<float>(1 << 18));
                    room = 1 << 18;
                }

                table.AsSpan(first * Dimension, length).CopyTo(aside[^1].AsSpan(aside[^1].Length - room));
                room -= length;
                copied += length / Dimension;
            }

            ticks += Stopwatch.GetTimestamp() - start;
        }

        return ((double)ticks / Stopwatch.Frequency, copied);
    }

    /// <summary>Seconds that steps spend marking their rows, and rows marked.</summary>
    private static (double Seconds, long Rows) Mark(int steps)
    {
        var random = new System.Random(7);
        int[] rows = new int[Lookups];
        bool[] marked = new bool[Rows];
        long ticks = 0;
        for (int step = 0; step < steps; step++)
        {
            Draw(random, rows);
            long start = Stopwatch.GetTimestamp();
            foreach (int row in rows)
            {
                marked[row] = true;
            }

            ticks += Stopwatch.GetTimestamp() - start;
        }

        return ((double)ticks / Stopwatch.Frequency, marked.LongCount(row => row));
    }

    /// <summary>Sorted, as an update has them.</summary>
    private static void Draw(System.Random random, int[] rows)
    {
        foreach (ref int row in rows.AsSpan())
        {
            row = random.Next(Rows);
        }

        Array.Sort(rows);
    }
}
