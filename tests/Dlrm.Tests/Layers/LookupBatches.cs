using System.Runtime.InteropServices;
using CsCheck;
using Dlrm.Data;

namespace Dlrm.Tests.Layers;

/// <summary>Batches for embedding tests: bags given as lists of row numbers.</summary>
internal static class LookupBatches
{
    /// <summary>A batch from bags[table][sample][lookup].</summary>
    public static Batch From(int[][][] bags)
    {
        var batch = new Batch(1, bags.Length);
        Fill(batch, bags);
        return batch;
    }

    public static void Fill(Batch batch, int[][][] bags)
    {
        batch.Resize(bags[0].Length);
        for (int table = 0; table < bags.Length; table++)
        {
            int[] lookups = [.. bags[table].SelectMany(bag => bag)];
            lookups.CopyTo(batch.ReserveIndices(table, lookups.Length));
            Span<int> offsets = batch.Offsets(table);
            offsets[0] = 0;
            for (int sample = 0; sample < bags[table].Length; sample++)
            {
                offsets[sample + 1] = offsets[sample] + bags[table][sample].Length;
            }
        }
    }

    /// <summary>One table's bags: empty, single, many, one huge, all on one row.</summary>
    public static Gen<int[][]> Bags(int rows, int samples)
    {
        Gen<int> row = Gen.OneOf(Gen.Int[0, rows - 1], Gen.Int[0, Math.Min(2, rows - 1)], Gen.Const(rows - 1));
        Gen<int[]> bag = Gen.OneOf(Gen.Const(Array.Empty<int>()), row.Array[1], row.Array[0, 6], row.Array[60]);
        return Gen.OneOf(bag.Array[samples], row.Array[1].Array[samples], Gen.Const(Array.Empty<int>()).Array[samples]);
    }

    /// <summary>Numbers that add with rounding, the same for the same seed.</summary>
    public static void Randomize(Span<float> values, int seed)
    {
        var random = new System.Random(seed);
        for (int place = 0; place < values.Length; place++)
        {
            values[place] = (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 3)));
        }
    }

    /// <summary>What "the same to the bit" compares.</summary>
    public static int[] Bits(ReadOnlySpan<float> values) => MemoryMarshal.Cast<float, int>(values).ToArray();
}
