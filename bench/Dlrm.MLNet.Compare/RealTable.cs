using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet.Compare;

/// <summary>A real table of clicks as an ML.NET program would read it: its file, its columns, its rows in file order.</summary>
/// <param name="Name">For the printed table.</param>
/// <param name="File">In the folder of data sets, gzip.</param>
/// <param name="Separator">Between columns.</param>
/// <param name="HasHeader">Whether the first line names the columns.</param>
/// <param name="Columns">All columns, in order.</param>
/// <param name="Label">The label's column.</param>
/// <param name="Positive">Its text where the label is positive.</param>
/// <param name="Dense">Columns of numbers that are learned from.</param>
/// <param name="Categorical">Columns of categories that are learned from.</param>
/// <param name="Epochs">Passes of DLRM over the rows: one where most values are rare.</param>
internal sealed record RealTable(
    string Name,
    string File,
    char Separator,
    bool HasHeader,
    string[] Columns,
    string Label,
    string Positive,
    string[] Dense,
    string[] Categorical,
    int Epochs)
{
    /// <summary>All that is learned from.</summary>
    public string[] Features => [.. Categorical, .. Dense];

    /// <summary>The sets that are compared on, with the features of the anchors in docs/accuracy.md.</summary>
    public static IReadOnlyList<RealTable> All { get; } = [Adult(), Criteo(), Avazu()];

    /// <summary>The rows, decompressed beside the working folder once.</summary>
    public IDataView Load(MLContext context, string folder, string scratch)
    {
        string path = Path.Combine(scratch, Name + ".txt");
        if (!System.IO.File.Exists(path))
        {
            using FileStream packed = System.IO.File.OpenRead(Path.Combine(folder, File));
            using var text = new GZipStream(packed, CompressionMode.Decompress);
            using FileStream plain = System.IO.File.Create(path);
            text.CopyTo(plain);
        }

        return context.Data.LoadFromTextFile(
            path,
            [.. Columns.Select((name, i) => new TextLoader.Column(name, Dense.Contains(name) ? DataKind.Single : DataKind.String, i))],
            Separator,
            HasHeader);
    }

    private static RealTable Adult()
    {
        string[] columns =
        [
            "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race", "sex",
            "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
        ];
        string[] dense = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"];
        return new("adult", "adult.csv.gz", ',', true, columns, "income", ">50K", dense, [.. columns.Except(dense).Except(["income"])], Epochs: 8);
    }

    private static RealTable Criteo()
    {
        string[] dense = [.. Enumerable.Range(1, 13).Select(i => $"I{i}")];
        string[] categorical = [.. Enumerable.Range(1, 26).Select(i => $"C{i}")];
        return new("criteo", "criteo_kaggle.tsv.gz", '\t', false, ["label", .. dense, .. categorical], "label", "1", dense, categorical, Epochs: 1);
    }

    private static RealTable Avazu()
    {
        string[] columns =
        [
            "id", "click", "hour", "C1", "banner_pos", "site_id", "site_domain", "site_category", "app_id", "app_domain", "app_category",
            "device_id", "device_ip", "device_model", "device_type", "device_conn_type", .. Enumerable.Range(14, 8).Select(i => $"C{i}"),
        ];
        return new("avazu", "avazu.csv.gz", ',', true, columns, "click", "1", [], [.. columns.Except(["id", "click", "hour"])], Epochs: 1);
    }
}
