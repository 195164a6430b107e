using System.Globalization;
using Dlrm.Model;

namespace Dlrm.Serving.Tensors;

/// <summary>The tensors a model takes and gives.</summary>
/// <remarks>
/// B rows, M dense features, T tables. <c>dense</c> FP32 [B, M]; then either <c>sparse</c> INT64 [B, T], one index a table,
/// or for each table t <c>indices_t</c> INT64 [L] with <c>offsets_t</c> INT64 [B] or [B + 1], where each bag begins, as
/// PyTorch's EmbeddingBag takes them (without offsets: one index a row). Out: <c>score</c> FP32 [B].
/// </remarks>
internal static class TensorNames
{
    public const string Dense = "dense";
    public const string Sparse = "sparse";
    public const string Score = "score";
    public const string IndicesPrefix = "indices_";
    public const string OffsetsPrefix = "offsets_";

    /// <summary>The inputs, as metadata name them; the form with a bag a table is described in the documentation.</summary>
    public static IReadOnlyList<(string Name, string Type, long[] Shape)> Inputs(DlrmConfig config) =>
        [(Dense, "FP32", [-1, config.DenseFeatures]), (Sparse, "INT64", [-1, config.TableRows.Count])];

    /// <summary>The table that a name ends in.</summary>
    /// <param name="name">E.g. <c>indices_12</c>.</param>
    /// <param name="prefix">E.g. <c>indices_</c>.</param>
    /// <param name="tables">T.</param>
    /// <param name="table">The number.</param>
    public static bool TryTable(string name, string prefix, int tables, out int table)
    {
        table = -1;
        return name.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out table)
            && table < tables;
    }
}
