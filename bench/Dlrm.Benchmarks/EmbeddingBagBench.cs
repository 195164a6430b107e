using BenchmarkDotNet.Attributes;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;

namespace Dlrm.Benchmarks;

/// <summary>Lookups and updates of embedding tables beside the floor: random rows of the same tables, as fast as they come.</summary>
/// <remarks>Ratio is to reading the same bytes of random rows; compare Update with ProbeUpdate.</remarks>
public class EmbeddingBagBench
{
    private static readonly int[] KaggleRows =
    [
        1460, 583, 1013122, 220260, 305, 24, 12517, 633, 3, 93145, 5683, 835159, 3194, 27, 14992, 546130, 10, 5652, 2173, 4,
        704654, 18, 15, 286181, 105, 142572,
    ];

    private readonly Batch[] _batches = new Batch[3];
    private Engine _engine = null!;
    private EmbeddingTables _tables = null!;
    private Optimizer _optimizer = null!;
    private RandomRowProbe _probe = null!;
    private NativeBuffer<float> _features = null!;
    private NativeBuffer<float> _gradient = null!;
    private int _next;

    [Params("kaggle-128", "kaggle-2048", "embedding-heavy-2048")]
    public string Shape { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params("sgd")]
    public string Rule { get; set; } = "";

    private Batch NextBatch => _batches[_next++ % _batches.Length];

    private MatrixView Features => View(_features);

    private MatrixView Gradient => View(_gradient);

    [GlobalSetup]
    public void Setup()
    {
        bool heavy = Shape.StartsWith("embedding", StringComparison.Ordinal);
        int[] rows = heavy ? [.. Enumerable.Repeat(1_000_000, 8)] : KaggleRows;
        int dimension = heavy ? 64 : 16;
        int lookups = heavy ? 100 : 1;
        int samples = Shape.EndsWith("-128", StringComparison.Ordinal) ? 128 : 2048;
        _engine = new Engine(Threads);
        _tables = new EmbeddingTables(_engine, rows, dimension);
        _optimizer = Optimizer.Create(Rule, _engine, [], _tables.Parameters);
        _probe = new RandomRowProbe(_engine, [.. _tables.Parameters.Select(p => p.Value)], dimension, samples * lookups);
        var random = new System.Random(1);
        for (int number = 0; number < _batches.Length; number++)
        {
            var batch = new Batch(1, rows.Length);
            batch.Resize(samples);
            for (int table = 0; table < rows.Length; table++)
            {
                foreach (ref int index in batch.ReserveIndices(table, samples * lookups))
                {
                    index = random.Next(rows[table]);
                }

                Span<int> offsets = batch.Offsets(table);
                for (int sample = 0; sample <= samples; sample++)
                {
                    offsets[sample] = sample * lookups;
                }
            }

            _batches[number] = batch;
        }

        long width = (rows.Length + 1L) * dimension;
        _features = new NativeBuffer<float>(samples * width);
        _gradient = new NativeBuffer<float>(samples * width);
        _gradient.Span.Fill(1e-3f);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _gradient.Dispose();
        _features.Dispose();
        Array.ForEach(_batches, batch => batch.Dispose());
        _probe.Dispose();
        _optimizer.Dispose();
        _tables.Dispose();
        _engine.Dispose();
    }

    [Benchmark(Baseline = true)]
    public double ProbeGather() => _probe.Gather();

    [Benchmark]
    public void Forward() => _tables.Forward(NextBatch, Features);

    [Benchmark]
    public double ProbeUpdate() => _probe.Update();

    [Benchmark]
    public void SortAndUpdate() => _tables.BackwardAndUpdate(NextBatch, Gradient, _optimizer.Sparse, 0.01f);

    [Benchmark]
    public void Sort() => _tables.SortLookups(NextBatch);

    [Benchmark]
    public void Validate() => _tables.Validate(NextBatch);

    private MatrixView View(NativeBuffer<float> buffer)
    {
        int samples = _batches[0].Size;
        return MatrixView.Over(buffer, samples, (int)(buffer.Length / samples));
    }
}
