using System.IO.Compression;
using Dlrm.Data.Adult;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet.Tests;

/// <summary>The Adult census rows that the product embeds, as an ML.NET program would load and prepare them.</summary>
internal static class AdultRows
{
    public static readonly string[] Dense = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"];

    public static readonly string[] Categorical =
        ["workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country"];

    private static readonly string[] Order =
    [
        "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race", "sex",
        "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
    ];

    /// <summary>The rows in file order.</summary>
    public static IDataView Load(MLContext context, string path)
    {
        if (!File.Exists(path))
        {
            using Stream packed = typeof(AdultSample).Assembly.GetManifestResourceStream("Dlrm.Data.Adult.adult.csv.gz")!;
            using var text = new GZipStream(packed, CompressionMode.Decompress);
            using FileStream file = File.Create(path);
            text.CopyTo(file);
        }

        return context.Data.LoadFromTextFile(
            path,
            [.. Order.Select((name, i) => new TextLoader.Column(name, Dense.Contains(name) ? DataKind.Single : DataKind.String, i))],
            separatorChar: ',',
            hasHeader: true);
    }

    /// <summary>All but the sampling weight, numbers as categories too.</summary>
    public static readonly string[] Features = [.. Categorical, "age", "education_num", "capital_gain", "capital_loss", "hours_per_week"];

    /// <summary>The label, numbers in units of their spread, categories as keys: learned from the training rows alone.</summary>
    public static IEstimator<ITransformer> Preparation(MLContext context)
    {
        IEstimator<ITransformer> pipeline = context.Transforms.Conversion.MapValue(
            "Label", [new KeyValuePair<string, bool>(">50K", true), new KeyValuePair<string, bool>("<=50K", false)], "income");
        pipeline = Dense.Aggregate(pipeline, (all, name) => all.Append(context.Transforms.NormalizeMeanVariance($"{name}_scaled", name)));
        return Features.Aggregate(pipeline, (all, name) => all.Append(context.Transforms.Conversion.MapValueToKey($"{name}_key", name)));
    }
}
