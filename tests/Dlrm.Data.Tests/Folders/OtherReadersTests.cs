using System.Diagnostics;
using System.Text.Json;
using Dlrm.Cli.Tests;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Folders;

/// <summary>
/// Polars and Arrow's JavaScript library open the files of a data set folder as they stand; scripts/readers has them, and ./test
/// installs them where it can.
/// </summary>
public sealed class OtherReadersTests
{
    private static readonly string Readers = Path.Combine(Repository.Root, "scripts", "readers");

    [Theory]
    [InlineData("polars", "nodejs-polars")]
    [InlineData("arrow", "apache-arrow")]
    public void Rows_are_what_we_read(string reader, string package)
    {
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(Readers, "node_modules", package)) && OnPath("node"),
            $"{package} is not installed: npm install, in scripts/readers.");
        using var folder = new TemporaryFolder();
        var text = new System.Text.StringBuilder("click,price,site,tags,weight,user\n");
        for (int row = 0; row < 500; row++)
        {
            string tags = string.Join('|', Enumerable.Range(0, row % 4).Select(tag => $"t{(row + tag) % 7}"));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{row % 2},{(row % 5 == 0 ? "" : $"{row * 0.25}")},s{row % 9},{tags},{0.5 + (row % 3)},u{row % 11}\n");
        }

        Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [folder.Write("a.csv", text.ToString())],
            Output = folder["out"],
            Schema = new DataSchema
            {
                Label = "click",
                Dense = [new DenseColumn { Column = "price", Log1p = true, Indicator = true }],
                Sparse = [new SparseColumn { Column = "site" }, new SparseColumn { Column = "tags", Separator = "|" }],
                Weight = "weight",
                Group = "user",
            },
            Split = "none",
            BatchRows = 200,
        });

        using var set = DataSetFolder.Open(folder["out"], verify: true);
        using var source = new FolderBatchSource(set, "train", 500);
        using var batch = new Batch(2, 2);
        source.Read(0, batch);
        JsonElement table = Read(reader, folder["out/train-00000.arrow"]);
        Assert.Equal(
            ["label", "price", "price_missing", "site", "tags", "weight", "group"],
            table.GetProperty("columns").EnumerateArray().Select(column => column.GetString()));
        JsonElement[] rows = [.. table.GetProperty("rows").EnumerateArray()];
        Assert.Equal(batch.Labels.ToArray(), rows.Select(row => row[0].GetSingle()));
        Assert.Equal(batch.Dense.ToArray(), rows.SelectMany(row => new[] { row[1].GetSingle(), row[2].GetSingle() }));
        Assert.Equal(batch.Indices(0).ToArray(), rows.Select(row => row[3].GetInt32()));
        Assert.Equal(batch.Indices(1).ToArray(), rows.SelectMany(row => row[4].EnumerateArray().Select(tag => tag.GetInt32())));
        Assert.Equal(
            Enumerable.Range(0, 500).Select(row => batch.Offsets(1)[row + 1] - batch.Offsets(1)[row]), rows.Select(row => row[4].GetArrayLength()));
        Assert.Equal(batch.Weights.ToArray(), rows.Select(row => row[5].GetSingle()));

        // A vocabulary too: text and how often it occurs.
        JsonElement[] values = [.. Read(reader, folder["out/vocabulary-000.arrow"]).GetProperty("rows").EnumerateArray()];
        Assert.Equal(Enumerable.Range(0, 9).Select(site => $"s{site}"), values.Select(row => row[0].GetString()));
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static JsonElement Read(string reader, string file)
    {
        using Process process = Process.Start(new ProcessStartInfo("node", [Path.Combine(Readers, "read.cjs"), reader, file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.GetAwaiter().GetResult());
        return JsonDocument.Parse(output).RootElement;
    }
}
