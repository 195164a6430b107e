using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Interop.Models;

/// <summary>The parameters of a model in the order of its state_dict, without making it.</summary>
internal static class ParameterShapes
{
    /// <summary>Names and shapes.</summary>
    /// <param name="config">A valid architecture.</param>
    /// <exception cref="NotSupportedException">Its towers have normalization, which the formats here have no place for.</exception>
    public static List<(string Name, int[] Shape)> Of(DlrmConfig config)
    {
        if (config.Tower is { Normalization: not "none" } tower)
        {
            throw new NotSupportedException(
                $"A model with --normalization={tower.Normalization} is neither imported nor exported yet: only its folder holds all of it.");
        }

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
        AddTower(shapes, "bot_l", config.BottomMlp);
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

        AddTower(shapes, "top_l", config.TopWidths());
        return shapes;
    }

    private static void AddTower(List<(string Name, int[] Shape)> shapes, string prefix, IReadOnlyList<int> widths)
    {
        for (int layer = 1; layer < widths.Count; layer++)
        {
            string name = $"{prefix}.{2 * (layer - 1)}";
            shapes.Add(($"{name}.weight", [widths[layer], widths[layer - 1]]));
            shapes.Add(($"{name}.bias", [widths[layer]]));
        }
    }
}
