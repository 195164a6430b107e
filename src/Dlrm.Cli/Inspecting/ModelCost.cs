using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Cli.Running;
using Dlrm.Model;

namespace Dlrm.Cli.Inspecting;

/// <summary>Additions and multiplications for one sample, forward, by table and by layer.</summary>
internal static class ModelCost
{
    /// <summary>Every part of a model, in the order of its parameters, and the interaction.</summary>
    public static IReadOnlyList<(string Name, long Flops)> Of(DlrmConfig config) =>
    [
        .. TableLayout.Of(config).Select(table => ($"emb_l.{table.Number}", Flops(table))),
        .. new ModelDescription(config, batch: 1).Layers.Select(layer => (layer.Name, layer.Flops)),
        ("interaction", InteractionFlops(config)),
    ];

    /// <summary>For a person.</summary>
    public static void Write(DlrmConfig config, TextWriter output)
    {
        IReadOnlyList<(string Name, long Flops)> parts = Of(config);
        double all = Math.Max(1, parts.Sum(part => part.Flops));
        output.WriteLine();
        output.WriteLine($"{"FLOPs a sample",-22}{"forward",18}{"share",10}");
        foreach ((string name, long flops) in parts.Append(("all", (long)all)))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-22}{flops,18:N0}{100 * flops / all,8:0.0} %"));
        }

        output.WriteLine("tables: with one lookup; each further lookup adds a row's elements");
    }

    /// <summary>For a program.</summary>
    public static JsonArray ToJson(DlrmConfig config) =>
        new([.. Of(config).Select(part => new JsonObject { ["name"] = part.Name, ["flops_forward"] = part.Flops })]);

    /// <summary>Of a table whose bag has one lookup: the row taken, weighted, joined or projected. A further lookup costs its additions.</summary>
    public static long Flops(TableLayout table)
    {
        long parts = table.QuotientRemainder is null ? 1 : 2;
        long gathered = parts * table.Dimension * (table.HasPoolingWeights ? 2 : 1);
        long averaged = table.IsMean ? parts * table.Dimension : 0;
        long joined = table.QuotientRemainder is { } split && split.Operation != "concat" ? table.Dimension : 0;
        long projected = table.IsMixedDimension && table.Dimension < table.PooledDimension
            ? 2L * table.Dimension * table.PooledDimension
            : 0;
        return gathered + averaged + joined + projected;
    }

    /// <summary>Of the interaction, where it multiplies pairs of features; 0 where it only copies or is not counted.</summary>
    public static long InteractionFlops(DlrmConfig config)
    {
        int pairs = config.Interaction is "dot" or "dot-dense" ? config.TopWidths()[0] - config.FeatureDimension : 0;
        return config.Interaction == "sum"
            ? (config.Features - 2L) * config.FeatureDimension
            : 2L * pairs * config.FeatureDimension;
    }
}
