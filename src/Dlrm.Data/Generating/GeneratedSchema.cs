using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Generating;

/// <summary>The columns of generated files.</summary>
internal static class GeneratedSchema
{
    /// <summary>A schema with which <c>dlrm preprocess</c> gives each category its rank as index.</summary>
    /// <param name="tableRows">(T).</param>
    /// <param name="type">How categories are written.</param>
    public static DataSchema Of(IReadOnlyList<int> tableRows, SparseType type) => new()
    {
        Label = CriteoColumns.Names[0],
        Dense =
        [
            .. CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense).Select(name => new DenseColumn { Column = name, Log1p = true }),
        ],
        Sparse =
        [
            .. CriteoColumns.Names.Skip(1 + CriteoColumns.Dense)
                .Select((name, table) => new SparseColumn { Column = name, Type = type, Hash = tableRows[table] }),
        ],
    };
}
