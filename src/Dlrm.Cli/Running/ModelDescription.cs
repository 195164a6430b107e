using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Memory;
using Dlrm.Model;

namespace Dlrm.Cli.Running;

/// <summary>One layer of a tower.</summary>
/// <param name="Name">The reference's name of its parameters, e.g. <c>bot_l.0</c>.</param>
/// <param name="Inputs">Width of what it takes.</param>
/// <param name="Outputs">Width of what it gives.</param>
internal sealed record LayerShape(string Name, int Inputs, int Outputs)
{
    /// <summary>Width between the two products of a cross layer; 0 for a layer with one product.</summary>
    public int Rank { get; init; }

    /// <summary>Whether its outputs are normalized, with a scale and a shift each.</summary>
    public bool IsNormalized { get; init; }

    public long Parameters => Rank > 0
        ? ((2L * Inputs) * Rank) + Inputs
        : (((long)Inputs + 1) * Outputs) + (IsNormalized ? 2L * Outputs : 0);

    /// <summary>Multiplications and additions for one sample.</summary>
    public long Flops => 2L * Inputs * (Rank > 0 ? 2L * Rank : Outputs);
}

/// <summary>What a model is made of, without making it.</summary>
internal sealed class ModelDescription(DlrmConfig config, int batch)
{
    /// <summary>The layers of both towers, bottom first, with the cross layers between them if there are any.</summary>
    public IReadOnlyList<LayerShape> Layers { get; } =
        [.. Tower("bot_l", config.BottomMlp, config), .. Cross(config), .. Tower("top_l", config.TopWidths(), config)];

    /// <summary>Multiplications and additions of the layers for one sample, forward.</summary>
    public long ForwardFlops => Layers.Sum(layer => layer.Flops);

    private long TableParameters => TableLayout.Of(config).Sum(table => table.ParameterCount);

    /// <summary>For a person.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine($"{"part",-12}{"shape",22}{"parameters",18}{"bytes",14}");
        foreach (TableLayout table in TableLayout.Of(config))
        {
            Row(output, $"emb_l.{table.Number}", table.Shape, table.ParameterCount, table.Bytes);
        }

        foreach (LayerShape layer in Layers)
        {
            string between = layer.Rank > 0 ? $"{Count(layer.Rank)} → " : "";
            long bytes = layer.Rank > 0 ? layer.Parameters * sizeof(float) : layer.Parameters * config.Precision.MlpBits / 8;
            Row(output, layer.Name, $"{Count(layer.Inputs)} → {between}{Count(layer.Outputs)}", layer.Parameters, bytes);
        }

        Row(output, "all", "", config.ParameterCount, config.ParameterBytes);
        output.WriteLine();
        if (config.Precision.ToString() is { Length: > 0 } precision)
        {
            output.WriteLine($"precision: {precision}");
        }

        int features = config.Features;
        output.WriteLine(
            $"{features} features of {config.FeatureDimension} elements meet by {config.Interaction}"
            + $"{(config.InteractionItself ? ", each with itself too" : "")}: {config.TopWidths()[0]} numbers go into the top MLP; loss {config.Loss}");
        if (config.Tower is { } tower)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"towers: activation {tower.Activation}, normalization {tower.Normalization}, dropout {tower.Dropout}"));
        }

        output.WriteLine(
            $"tables {Share(TableParameters)} of the parameters; a sample takes {Count(ForwardFlops)} FLOPs forward, "
            + $"{Count(3 * ForwardFlops)} in training (towers{(config.Interaction == "dcn" ? " and cross layers" : "")})");
        output.WriteLine(
            $"memory at batch {Count(batch)}: {SystemMemory.Describe(config.EstimateBytes(batch, training: true))} in training, "
            + $"{SystemMemory.Describe(config.EstimateBytes(batch, training: false))} in inference");
    }

    /// <summary>For a program.</summary>
    public JsonObject ToJson() => new()
    {
        ["config"] = JsonNode.Parse(config.ToJson()),
        ["parameters"] = config.ParameterCount,
        ["bytes"] = config.ParameterBytes,
        ["table_parameters"] = TableParameters,
        ["top_inputs"] = config.TopWidths()[0],
        ["flops_forward_per_sample"] = ForwardFlops,
        ["batch"] = batch,
        ["bytes_training"] = config.EstimateBytes(batch, training: true),
        ["bytes_inference"] = config.EstimateBytes(batch, training: false),
        ["layers"] = new JsonArray(
        [
            .. Layers.Select(layer => new JsonObject
            {
                ["name"] = layer.Name,
                ["inputs"] = layer.Inputs,
                ["outputs"] = layer.Outputs,
                ["parameters"] = layer.Parameters,
            }),
        ]),
    };

    /// <summary>The reference numbers a tower's modules with the activations between: 0, 2, 4, ….</summary>
    private static IEnumerable<LayerShape> Tower(string name, IReadOnlyList<int> widths, DlrmConfig config)
    {
        for (int layer = 1; layer < widths.Count; layer++)
        {
            yield return new LayerShape($"{name}.{2 * (layer - 1)}", widths[layer - 1], widths[layer])
            {
                IsNormalized = layer < widths.Count - 1 && config.Tower is { Normalization: not "none" },
            };
        }
    }

    private static IEnumerable<LayerShape> Cross(DlrmConfig config)
    {
        CrossOptions? cross = config.Interaction == "dcn" ? config.Cross ?? new CrossOptions() : null;
        for (int layer = 0; layer < cross?.Layers; layer++)
        {
            int width = config.TopWidths()[0];
            yield return new LayerShape($"inter.{layer}", width, width) { Rank = cross.Rank };
        }
    }

    private static void Row(TextWriter output, string name, string shape, long parameters, long bytes) =>
        output.WriteLine($"{name,-12}{shape,22}{Count(parameters),18}{SystemMemory.Describe(bytes),14}");

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private string Share(long part) =>
        (100.0 * part / config.ParameterCount).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
