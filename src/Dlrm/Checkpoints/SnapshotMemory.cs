using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Optimizers;

namespace Dlrm.Checkpoints;

/// <summary>Asks the system for the memory of a model's first snapshot before that is taken.</summary>
/// <remarks>Fresh memory is slow: for 8 million rows it was a third of a second, which training would have waited.</remarks>
internal static class SnapshotMemory
{
    /// <summary>Fills the memory with what a <see cref="ModelSnapshot"/> will rent; any thread, while the model trains.</summary>
    /// <param name="model">The model.</param>
    /// <param name="memory">Keeps it.</param>
    public static void Prepare(DlrmModel model, SlotMemory memory)
    {
        var made = new List<NativeBuffer<int>>();
        IReadOnlyList<Parameter> sparse = model.Tables.SparseParameters;
        foreach (int number in model.Tables.SnapshotParameters())
        {
            int rows = sparse[number].Shape[0];
            int states = model.Optimizer?.Sparse.States.Count(state => Follows(state, sparse[number])) ?? 0;
            for (int tensor = 0; tensor <= states; tensor++)
            {
                made.Add(memory.Rent(rows));
            }
        }

        made.ForEach(memory.Return);
    }

    private static bool Follows(OptimizerState state, Parameter table) =>
        state.Name.StartsWith(table.Name + ".", StringComparison.Ordinal) && state.Shape[0] == table.Shape[0];
}
