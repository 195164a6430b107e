using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Interop.Models;

/// <summary>The parameters of a model in our order, which is PyTorch's, without making it; running statistics come last.</summary>
internal static class ParameterShapes
{
    /// <summary>Names and shapes of all that is saved.</summary>
    /// <param name="config">A valid architecture.</param>
    public static List<(string Name, int[] Shape)> Of(DlrmConfig config)
    {
        List<(string Name, int[] Shape)> shapes = Trained(config);
        if (config.Tower is { Normalization: "batch" })
        {
            AddStatistics(shapes, "bot_l", config.BottomMlp);
            AddStatistics(shapes, "top_l", config.TopWidths());
        }

        return shapes;
    }

    /// <summary>Names and shapes of what an optimizer changes.</summary>
    /// <param name="config">A valid architecture.</param>
    public static List<(string Name, int[] Shape)> Trained(DlrmConfig config)
    {
        bool normalized = config.Tower is { Normalization: not "none" };
        var shapes = new List<(string Name, int[] Shape)>();
        TableLayout[] tables = TableLayout.Of(config);
        foreach (TableLayout table in tables)
        {
            string name = $"emb_l.{table.Number}";
            if (table.QuotientRemainder is { } split)
            {
                shapes.Add(($"{name}.weight_q", [QuotientRemainderTable.QuotientRows(table.Rows, split.Collisions), table.Dimension]));
                shapes.Add(($"{name}.weight_r", [split.Collisions, table.Dimension]));
            }
            else if (table.IsMixedDimension)
            {
                shapes.Add(($"{name}.embs.weight", [table.Rows, table.Dimension]));
                if (table.Dimension < table.PooledDimension)
                {
                    shapes.Add(($"{name}.proj.weight", [table.PooledDimension, table.Dimension]));
                }
            }
            else
            {
                shapes.Add(($"{name}.weight", [table.Rows, table.Dimension]));
            }
        }

        shapes.AddRange(tables.Where(table => table.HasPoolingWeights).Select(table => ($"v_W_l.{table.Number}", new[] { table.Rows })));
        AddTower(shapes, "bot_l", config.BottomMlp, normalized);
        if (config.Interaction == "dcn")
        {
            CrossOptions cross = config.Cross ?? new CrossOptions();
            int width = config.Features * config.FeatureDimension;
            for (int layer = 0; layer < cross.Layers; layer++)
            {
                shapes.Add(($"inter.W_kernels.{layer}", [width, cross.Rank]));
                shapes.Add(($"inter.V_kernels.{layer}", [cross.Rank, width]));
                shapes.Add(($"inter.bias.{layer}", [width]));
            }
        }

        AddTower(shapes, "top_l", config.TopWidths(), normalized);
        return shapes;
    }

    private static void AddTower(List<(string Name, int[] Shape)> shapes, string prefix, IReadOnlyList<int> widths, bool normalized)
    {
        for (int layer = 1; layer < widths.Count; layer++)
        {
            string name = $"{prefix}.{2 * (layer - 1)}";
            shapes.Add(($"{name}.weight", [widths[layer], widths[layer - 1]]));
            shapes.Add(($"{name}.bias", [widths[layer]]));
            if (normalized && layer < widths.Count - 1)
            {
                shapes.Add(($"{name}.norm.weight", [widths[layer]]));
                shapes.Add(($"{name}.norm.bias", [widths[layer]]));
            }
        }
    }

    private static void AddStatistics(List<(string Name, int[] Shape)> shapes, string prefix, IReadOnlyList<int> widths)
    {
        for (int layer = 1; layer < widths.Count - 1; layer++)
        {
            string name = $"{prefix}.{2 * (layer - 1)}.norm";
            shapes.Add(($"{name}.running_mean", [widths[layer]]));
            shapes.Add(($"{name}.running_var", [widths[layer]]));
        }
    }
}
