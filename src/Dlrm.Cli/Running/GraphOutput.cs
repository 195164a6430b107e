using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Model;
using Dlrm.Reports.Graphs;

namespace Dlrm.Cli.Running;

/// <summary><c>--plot-compute-graph</c>: draws the model into the run's folder.</summary>
internal static class GraphOutput
{
    /// <summary>Writes model.svg, if the options ask for it.</summary>
    /// <param name="values">The options.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="folder">The run's folder, which exists.</param>
    public static void Write(OptionValues values, DlrmConfig config, RunFolder folder)
    {
        if (values.Get(TrainOptions.PlotGraph))
        {
            File.WriteAllText(folder.Graph, ModelGraph.Draw(Describe(config, values.GetInt(TrainOptions.BatchSize))));
        }
    }

    /// <summary>The boxes.</summary>
    internal static ModelGraphData Describe(DlrmConfig config, int batch)
    {
        var description = new ModelDescription(config, batch);
        GraphBox[] layers = [.. description.Layers.Select(layer => new GraphBox(
            layer.Name, $"{Count(layer.Inputs)} → {Count(layer.Outputs)}", layer.Parameters))];
        int bottom = config.BottomMlp.Count - 1;
        long towersAndTables = layers.Sum(layer => layer.Parameters) + TableLayout.Of(config).Sum(table => table.ParameterCount);
        return new ModelGraphData
        {
            Title = $"DLRM: {config.TableRows.Count} tables, {config.Interaction} interaction, {config.Loss} loss",
            Input = new GraphBox("dense input", $"{Count(config.DenseFeatures)} numbers", 0),
            Bottom = layers[..bottom],
            Tables =
            [
                .. TableLayout.Of(config).Select(table => new GraphBox(
                    $"emb_l.{table.Number}", table.Shape + (table.IsMean ? ", mean" : ""), table.ParameterCount)),
            ],
            Interaction = new GraphBox(
                config.Interaction,
                $"{Count(config.Features)} × {Count(config.FeatureDimension)} → {Count(config.TopWidths()[0])}",
                config.ParameterCount - towersAndTables),
            Top = layers[bottom..],
            Output = new GraphBox("score", $"sigmoid, {config.Loss}", 0),
        };
    }

    private static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
