using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;

namespace Dlrm.Distributed;

/// <summary>Small tables that every rank has: each pools for its own samples, and sums of row gradients are added over ranks.</summary>
/// <remarks>
/// Each rank sums the gradients of a row's lookups in sample order, as an update does; the sums of all rows, (ΣE, D), and
/// marks of the rows that have one, are added over ranks; then every rank takes the same step on the marked rows.
/// </remarks>
internal sealed class ReplicatedTables : IDisposable
{
    private readonly ICommunicator _communicator;
    private readonly Batch _marked;
    private RowGradients? _gradients;
    private int _request = -1;

    /// <summary>Zeroed tables.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="map">Says which.</param>
    /// <param name="communicator">What sums go through.</param>
    /// <param name="firstParameter">The number of the first sparse parameter among those of the optimizer.</param>
    public ReplicatedTables(Engine engine, ShardMap map, ICommunicator communicator, int firstParameter)
    {
        _communicator = communicator;
        int dimension = map.Layouts[0].PooledDimension;
        Tables = new EmbeddingTables(
            engine,
            [.. map.Replicas.Select(table => map.Layouts[table].Create(engine, training: false))],
            [.. map.Replicas.Select(table => new TableColumns((table + 1) * dimension, dimension, (table + 1) * dimension, dimension))],
            firstParameter)
        {
            IsPartial = true,
        };
        _marked = new Batch(1, map.Layouts.Count);
    }

    /// <summary>The tables: they pool a rank's part of the batch into its features.</summary>
    public EmbeddingTables Tables { get; }

    /// <summary>Bytes of gradients that this rank gave into sums so far.</summary>
    public long BytesReduced { get; private set; }

    /// <summary>Makes what training needs.</summary>
    /// <param name="engine">What to compute with.</param>
    /// <param name="optimizer">In charge of all sparse parameters.</param>
    public void Train(Engine engine, SparseOptimizer optimizer)
    {
        long rows = 0;
        long[] firstRows = new long[optimizer.Tables.Count];
        foreach (EmbeddingTable table in Tables.Tables)
        {
            firstRows[table.FirstParameter] = rows;
            rows += table.Rows;
        }

        _gradients = new RowGradients(engine, optimizer.Tables, firstRows, rows, Tables.Dimension);
        _marked.Resize(checked((int)rows));
        for (int table = 0; table < _marked.Tables; table++)
        {
            _marked.Offsets(table).Clear();
        }
    }

    /// <summary>Sums this rank's gradients and starts adding those of all.</summary>
    /// <param name="batch">This rank's part.</param>
    /// <param name="featureGradient">(b, F·D).</param>
    public void StartBackward(Batch batch, MatrixView featureGradient)
    {
        RowGradients gradients = _gradients!;
        Span<float> all = gradients.Buffer.Span;
        all.Clear();
        Tables.Backward(featureGradient, batch.Size);
        Tables.SortLookups(batch);
        Tables.UpdateFrom(featureGradient, isCommon: false, gradients, learningRate: 0, beginsStep: false);
        _request = _communicator.StartAllReduceSum(all);
        BytesReduced += sizeof(float) * (long)all.Length;
    }

    /// <summary>Waits for the sums.</summary>
    public void FinishBackward() => _communicator.Wait(_request);

    /// <summary>Takes the step: every marked row is looked up once, with its sum as the gradient.</summary>
    /// <param name="optimizer">In charge of all sparse parameters; its step has begun.</param>
    /// <param name="learningRate">Step size.</param>
    public void Update(SparseOptimizer optimizer, float learningRate)
    {
        ReadOnlySpan<float> marks = _gradients!.Marks;
        int first = 0;
        for (int number = 0; number < Tables.Tables.Count; number++)
        {
            EmbeddingTable table = Tables.Tables[number];
            Span<int> offsets = _marked.Offsets(table.Number);
            Span<int> indices = _marked.ReserveIndices(table.Number, table.Rows);
            int count = 0;
            for (int row = 0; row < table.Rows; row++)
            {
                if (marks[first + row] != 0)
                {
                    indices[count++] = row;
                }

                offsets[first + row + 1] = count;
            }

            offsets[(first + table.Rows + 1)..].Fill(count);
            first += table.Rows;
        }

        Tables.SortLookups(_marked);
        Tables.UpdateFrom(_gradients.Sums, isCommon: true, optimizer, learningRate, beginsStep: false);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Tables.Dispose();
        _marked.Dispose();
        _gradients?.Dispose();
    }
}
