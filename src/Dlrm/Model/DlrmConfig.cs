using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dlrm.Layers;

namespace Dlrm.Model;

/// <summary>The whole architecture of a model: what it takes to build one with the right shapes, and nothing else.</summary>
/// <remarks>
/// Defaults are the reference's. A config is checked by <see cref="Validate"/>, which the model's constructor calls; it
/// reads and writes itself as JSON (<see cref="ToJson"/>, <see cref="FromJson"/>).
/// </remarks>
public sealed record DlrmConfig
{
    /// <summary>Rows of each embedding table (<c>--arch-embedding-size</c>), each 1 or more.</summary>
    public IReadOnlyList<int> TableRows { get; init; } = [4, 3, 2];

    /// <summary>D: elements of an embedding (<c>--arch-sparse-feature-size</c>).</summary>
    public int EmbeddingDimension { get; init; } = 2;

    /// <summary>Large tables as quotient and remainder (<c>--qr-flag</c>); null for none.</summary>
    public QuotientRemainderOptions? QuotientRemainder { get; init; }

    /// <summary>Large tables with narrow rows and a projection (<c>--md-flag</c>); null for none.</summary>
    public MixedDimensionOptions? MixedDimension { get; init; }

    /// <summary>
    /// Weights of the rows in a bag (<c>--weighted-pooling</c>): none; learned, one number a row that starts at 1; or fixed,
    /// which are those ones and never change, so the same as none.
    /// </summary>
    public string WeightedPooling { get; init; } = "none";

    /// <summary>
    /// How the rows of a bag become one vector (<c>--pooling</c>): sum, or mean (the sum over the bag's length; an empty bag
    /// gives 0). One word for all tables or one a table.
    /// </summary>
    public IReadOnlyList<string> Pooling { get; init; } = ["sum"];

    /// <summary>In how many bits the parts are kept (<c>--embedding-dtype</c>, <c>dlrm quantize</c>).</summary>
    public ModelPrecision Precision { get; init; } = ModelPrecision.Single;

    /// <summary>Widths of the bottom tower, the number of dense features first (<c>--arch-mlp-bot</c>).</summary>
    public IReadOnlyList<int> BottomMlp { get; init; } = [4, 3, 2];

    /// <summary>
    /// Widths of the top tower after its input, which follows from the interaction (<c>--arch-mlp-top</c>); the last is 1.
    /// </summary>
    public IReadOnlyList<int> TopMlp { get; init; } = [4, 2, 1];

    /// <summary>What stands between the towers' layers; null for the reference's rectifiers.</summary>
    public TowerOptions? Tower { get; init; }

    /// <summary>How features meet (<c>--arch-interaction-op</c>): dot, dot-dense, cat, sum or dcn.</summary>
    public string Interaction { get; init; } = "dot";

    /// <summary>For <c>dot</c>: also each feature with itself (<c>--arch-interaction-itself</c>).</summary>
    public bool InteractionItself { get; init; }

    /// <summary>For <c>dcn</c>: the size of the cross network; null for the default one.</summary>
    public CrossOptions? Cross { get; init; }

    /// <summary>The loss (<c>--loss-function</c>): mse, bce or wbce.</summary>
    public string Loss { get; init; } = "mse";

    /// <summary>t: probabilities are kept in [t, 1 − t] when 0 &lt; t &lt; 1 (<c>--loss-threshold</c>).</summary>
    public float LossThreshold { get; init; }

    /// <summary>For wbce: the weights of negative and positive samples (<c>--loss-weights</c>).</summary>
    public IReadOnlyList<double> LossWeights { get; init; } = [1, 1];

    /// <summary>M: dense features.</summary>
    [JsonIgnore]
    public int DenseFeatures => BottomMlp[0];

    /// <summary>Elements of a feature: D, or 2·D where quotient and remainder are concatenated.</summary>
    [JsonIgnore]
    public int FeatureDimension => QuotientRemainder?.Operation == "concat" ? 2 * EmbeddingDimension : EmbeddingDimension;

    /// <summary>F: features that interact, the dense one included.</summary>
    [JsonIgnore]
    public int Features => TableRows.Count + 1;

    /// <summary>Elements of all parameters.</summary>
    [JsonIgnore]
    public long ParameterCount
    {
        get
        {
            long count = TableLayout.Of(this).Sum(layout => layout.ParameterCount);
            Interaction interaction = CreateInteraction();
            int[] top = [interaction.Width, .. TopMlp];
            return count + MlpParameters(BottomMlp) + interaction.ParameterCount + MlpParameters(top)
                + (Tower?.ExtraParameters(BottomMlp) + Tower?.ExtraParameters(top) ?? 0);
        }
    }

    /// <summary>Bytes of all parameters as they are kept.</summary>
    [JsonIgnore]
    public long ParameterBytes
    {
        get
        {
            long all = TableLayout.Of(this).Sum(layout => layout.Bytes);
            long towers = ParameterCount - TableLayout.Of(this).Sum(layout => layout.ParameterCount);
            return all + TowerBytes(towers);
        }
    }

    /// <summary>The interaction this config names.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Interaction CreateInteraction() =>
        Interactions.Create(Interaction, InteractionItself, Features, FeatureDimension, CrossSize.Layers, CrossSize.Rank);

    /// <summary>All widths of the top tower, its input first.</summary>
    public int[] TopWidths() => [CreateInteraction().Width, .. TopMlp];

    /// <summary>Bytes a model needs: parameters, dense gradients and activations of a batch, without optimizer state.</summary>
    /// <param name="batch">B.</param>
    /// <param name="training">With gradients.</param>
    public long EstimateBytes(int batch, bool training)
    {
        Interaction interaction = CreateInteraction();
        int[] top = [interaction.Width, .. TopMlp];
        long dense = MlpParameters(BottomMlp) + interaction.ParameterCount + MlpParameters(top);
        long activations = ((long)Features * FeatureDimension) + BottomMlp.Sum(w => (long)w) + top.Sum(w => (long)w);
        long copies = training ? 2 : 1;
        long sample = (copies * activations) + interaction.FloatsPerSample(training)
            + (training ? Tower?.ExtraFloatsPerSample(BottomMlp) + Tower?.ExtraFloatsPerSample(top) ?? 0 : 0);
        return ParameterBytes + (sizeof(float) * (dense + ((copies - 1) * dense) + (sample * batch)));
    }

    /// <summary>Checks that the parts fit one another.</summary>
    /// <exception cref="ArgumentException">They do not; the message names both sides.</exception>
    public void Validate()
    {
        Require(TableRows.Count > 0, "A model needs at least one embedding table (--arch-embedding-size).");
        Require(EmbeddingDimension > 0, $"The embedding dimension is {EmbeddingDimension}; it must be 1 or more (--arch-sparse-feature-size).");
        for (int table = 0; table < TableRows.Count; table++)
        {
            Require(TableRows[table] > 0, $"Table {table} has {TableRows[table]} rows; it must have 1 or more (--arch-embedding-size).");
        }

        RequireWidths(BottomMlp, "--arch-mlp-bot", 2);
        RequireWidths(TopMlp, "--arch-mlp-top", 1);
        QuotientRemainder?.Validate();
        Precision.Validate(TableRows.Count);
        MixedDimension?.Validate(EmbeddingDimension);
        Require(
            WeightedPooling is "none" or "fixed" or "learned",
            $"There is no weighted pooling '{WeightedPooling}' (--weighted-pooling); there are none, fixed, learned.");
        TableRules.Validate(this);
        Require(
            BottomMlp[^1] == FeatureDimension,
            $"The bottom MLP ends in {BottomMlp[^1]} (--arch-mlp-bot={string.Join('-', BottomMlp)}), but embeddings have "
            + (FeatureDimension == EmbeddingDimension
                ? $"{EmbeddingDimension} elements (--arch-sparse-feature-size={EmbeddingDimension}): make them equal."
                : $"2 × {EmbeddingDimension} elements (--qr-operation=concat, --arch-sparse-feature-size={EmbeddingDimension}): end "
                    + $"it in {FeatureDimension}."));
        Require(
            TopMlp[^1] == 1,
            $"The top MLP ends in {TopMlp[^1]} (--arch-mlp-top={string.Join('-', TopMlp)}); a click needs one output: end it in 1.");
        Require(LossWeights.Count == 2, $"--loss-weights has {LossWeights.Count} numbers; it takes two: negatives, positives.");
        Tower?.Validate();
        Cross?.Validate();
        Require(
            Cross is null || Interaction == "dcn",
            $"--dcn-num-layers and --dcn-low-rank-dim are for --arch-interaction-op=dcn; it is {Interaction}.");
        _ = CreateInteraction();
        _ = CreateLoss();
    }

    /// <summary>The loss this config names.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Loss CreateLoss() => Losses.Create(Loss, LossThreshold, LossWeights);

    /// <summary>This config as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, DlrmConfigJson.Default.DlrmConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="InvalidDataException">Not JSON, an unknown member, or parts that do not fit one another.</exception>
    public static DlrmConfig FromJson(string json)
    {
        try
        {
            // Members that the text lacks keep their defaults: a file of an older version stays readable.
            JsonObject merged = JsonNode.Parse(new DlrmConfig().ToJson())!.AsObject();
            foreach ((string member, JsonNode? value) in ReadObject(json))
            {
                // What a newer version knows and this model does not use says nothing; anything else is refused below.
                if (merged.ContainsKey(member) || !SaysNothing(value))
                {
                    merged[member] = value?.DeepClone();
                }
            }

            DlrmConfig config = merged.Deserialize(DlrmConfigJson.Default.DlrmConfig)!;
            config.Validate();
            return config;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The model configuration is not valid: {exception.Message}", exception);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"The model configuration is not valid: {exception.Message}", exception);
        }
    }

    private CrossOptions CrossSize => Cross ?? new CrossOptions();

    private static bool SaysNothing(JsonNode? value) => value is null
        || value is JsonArray { Count: 0 }
        || (value is JsonValue number && number.ToJsonString() is "0" or "false" or "\"\"" or "\"none\"");

    private static JsonObject ReadObject(string json) => JsonNode.Parse(json) as JsonObject
        ?? throw new JsonException("a JSON object is expected.");

    /// <summary>Biases, of which there are few, are counted as weights.</summary>
    private long TowerBytes(long parameters) => parameters * Precision.MlpBits / 8;

    private static long MlpParameters(IReadOnlyList<int> widths)
    {
        long count = 0;
        for (int layer = 1; layer < widths.Count; layer++)
        {
            count += ((long)widths[layer - 1] + 1) * widths[layer];
        }

        return count;
    }

    private static void RequireWidths(IReadOnlyList<int> widths, string option, int least)
    {
        Require(
            widths.Count >= least && widths.All(width => width > 0),
            $"{option}={string.Join('-', widths)} needs at least {least} widths, each 1 or more.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}

/// <summary>JSON without reflection, so that trimmed and ahead-of-time compiled programs read configurations too.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(DlrmConfig))]
internal sealed partial class DlrmConfigJson : JsonSerializerContext;
