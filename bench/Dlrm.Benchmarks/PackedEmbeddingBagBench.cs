using BenchmarkDotNet.Attributes;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Benchmarks;

/// <summary>Gathering and summing rows in fewer bits beside rows of floats: one table larger than any cache, 100 lookups a bag.</summary>
public class PackedEmbeddingBagBench
{
    private const int Samples = 1024;
    private const int Lookups = 100;

    private readonly Batch _batch = new(1, 1);
    private Engine _engine = null!;
    private EmbeddingTables _single = null!;
    private EmbeddingTables _packed = null!;
    private NativeBuffer<float> _features = null!;

    [Params(16, 64, 128)]
    public int Dimension { get; set; }

    [Params(StorageFormat.Rowwise8, StorageFormat.Rowwise4, StorageFormat.Float16, StorageFormat.BFloat16)]
    public StorageFormat Format { get; set; }

    private MatrixView Features => MatrixView.Over(_features, Samples, 2 * Dimension);

    [GlobalSetup]
    public void Setup()
    {
        int rows = (1 << 29) / (sizeof(float) * Dimension); // 512 MiB of floats
        _engine = new Engine(1);
        _single = Table(rows, StorageFormat.Float32);
        _packed = Table(rows, Format);
        _features = new NativeBuffer<float>(2L * Samples * Dimension);
        _batch.Resize(Samples);
        var random = new System.Random(1);
        foreach (ref int index in _batch.ReserveIndices(0, Samples * Lookups))
        {
            index = random.Next(rows);
        }

        Span<int> offsets = _batch.Offsets(0);
        for (int sample = 0; sample <= Samples; sample++)
        {
            offsets[sample] = sample * Lookups;
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _single.Dispose();
        _packed.Dispose();
        _features.Dispose();
        _batch.Dispose();
        _engine.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void Floats() => _single.Forward(_batch, Features);

    [Benchmark]
    public void Packed() => _packed.Forward(_batch, Features);

    private EmbeddingTables Table(int rows, StorageFormat format)
    {
        var table = new FullEmbeddingTable(0, rows, Dimension);
        table.Store(format);
        var random = new System.Random(2);
        table.Weight.Fill(values =>
        {
            foreach (ref float value in values)
            {
                value = random.NextSingle();
            }
        });
        return new EmbeddingTables(_engine, [table]);
    }
}
