using System.Diagnostics;
using Dlrm.Data;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Profiling;
using Dlrm.Threading;

namespace Dlrm.Layers;

/// <content>What workers do.</content>
public sealed partial class EmbeddingTables
{
    /// <summary>Bags, walked table by table; a bag costs its lookups and one more.</summary>
    private struct ForwardWork : IParallelWork
    {
        public EmbeddingTable[] Tables;
        public TableColumns[] Columns;
        public EmbeddingBag Kernel;
        public Batch Batch;
        public MatrixView Features;
        public Profiler? Profiler;

        public readonly void Execute(int worker, int workers)
        {
            long cost = 0;
            for (int table = 0; table < Tables.Length; table++)
            {
                cost += Batch.LookupCount(Tables[table].Number) + Batch.Size;
            }

            long from = cost * worker / workers;
            long to = cost * (worker + 1) / workers;
            long before = 0;
            for (int table = 0; table < Tables.Length; table++)
            {
                int number = Tables[table].Number;
                ReadOnlySpan<int> offsets = Batch.Offsets(number);
                int start = FirstBag(offsets, from - before);
                int end = FirstBag(offsets, to - before);
                if (start < end)
                {
                    long began = Profiler is null ? 0 : Stopwatch.GetTimestamp();
                    MatrixView pooled = Features.ColumnRange(Columns[table].First, Columns[table].Count);
                    Tables[table].Pool(Kernel, offsets, Batch.Indices(number), start, end, pooled);
                    Profiler?.Worker(worker).Finish("embedding forward", Tables[table].Name, began);
                }

                before += Batch.LookupCount(number) + Batch.Size;
            }
        }

        /// <summary>The first bag of a table that begins at or after a cost.</summary>
        private static int FirstBag(ReadOnlySpan<int> offsets, long cost)
        {
            int low = 0;
            int high = offsets.Length - 1;
            while (low < high)
            {
                int middle = (low + high) >> 1;
                if (offsets[middle] + (long)middle >= cost)
                {
                    high = middle;
                }
                else
                {
                    low = middle + 1;
                }
            }

            return low;
        }
    }

    /// <summary>Sorted lookups, divided evenly and then up to where a new row begins.</summary>
    private struct UpdateWork : IParallelWork
    {
        public EmbeddingTables Owner;
        public MatrixView Gradient;
        public bool IsCommon;
        public SparseOptimizer Optimizer;
        public float LearningRate;

        public readonly void Execute(int worker, int workers)
        {
            LookupSorter sorter = Owner._sorter;
            long from = sorter.Total * worker / workers;
            long to = sorter.Total * (worker + 1) / workers;
            for (int number = 0; number < Owner._parts.Length; number++)
            {
                SortedLookups lookups = sorter[number];
                int start = lookups.NextRowStart((int)Math.Clamp(from - sorter.Start(number), 0, lookups.Count));
                int end = lookups.NextRowStart((int)Math.Clamp(to - sorter.Start(number), 0, lookups.Count));
                if (start < end)
                {
                    Profiler? profiler = Owner._engine.Profiler;
                    long began = profiler is null ? 0 : Stopwatch.GetTimestamp();
                    LookupPart part = Owner._parts[number];
                    int position = Owner._positions[part.Table];
                    EmbeddingTable table = Owner._tables[position];
                    TableColumns columns = Owner._columns[position];
                    MatrixView pooled = Gradient.ColumnRange(IsCommon ? 0 : columns.FirstGradient, columns.Gradients);
                    SortedLookups own = lookups.Slice(start, end);
                    if (Owner.Snapshot is { } snapshot)
                    {
                        (int rows, int weights) = table.ChangedBy(part.Number);
                        snapshot.Protect(rows, own);
                        if (weights >= 0)
                        {
                            snapshot.Protect(weights, own);
                        }
                    }

                    table.Update(
                        part.Number,
                        own,
                        pooled,
                        Optimizer,
                        LearningRate,
                        Owner._scratch,
                        (long)worker * Owner._scratchStride);
                    profiler?.Worker(worker).Finish("embedding update", table.Name, began);
                }
            }
        }
    }

    /// <summary>Each table's own division.</summary>
    private struct BackwardWork : IParallelWork
    {
        public EmbeddingTables Owner;
        public EmbeddingTable[] Tables;
        public MatrixView Gradient;
        public int Samples;

        public readonly void Execute(int worker, int workers)
        {
            foreach (EmbeddingTable table in Tables)
            {
                TableColumns columns = Owner._columns[Owner._positions[table.Number]];
                MatrixView pooled = Gradient.ColumnRange(columns.FirstGradient, columns.Gradients);
                table.Backward(pooled, Samples, worker, workers);
            }
        }
    }
}
