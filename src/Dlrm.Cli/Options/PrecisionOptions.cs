using Dlrm.Model;

namespace Dlrm.Cli.Options;

/// <summary>In how many bits a model is trained and kept, besides the reference's two options in <see cref="ModelOptions"/>.</summary>
internal static class PrecisionOptions
{
    public static readonly ToolOption<string> EmbeddingType = new(
        "embedding-dtype", OptionGroup.Model, new Choice([.. ModelPrecision.EmbeddingTypes]), "fp32",
        "what tables are kept in while they are trained; arithmetic is in fp32, and 16 bits are rounded stochastically")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> QuantizeConfig = new(
        "quantize-config", OptionGroup.Model, new Text("FILE"), "",
        "bits table by table, JSON: {\"default\": 8, \"tables\": {\"emb_l.3\": 4}, \"mlp\": 16}")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> Auto = new(
        "quantize-auto", OptionGroup.Model, new Flag(), false,
        "the smallest model whose loss on the test samples rises by less than --max-loss-increase")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> MaxLossIncrease = new(
        "max-loss-increase", OptionGroup.Model, new Number(0), 0.0005, "with --quantize-auto: by how much the loss may rise")
    {
        IsNew = true,
    };

    /// <summary>Those that ask for a quantized model.</summary>
    public static IReadOnlyList<ToolOption> Requests { get; } =
        [ModelOptions.QuantizeEmbeddings, ModelOptions.QuantizeMlp, QuantizeConfig];
}
