using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>Parquet and Arrow tables give the data set that their rows as text give.</summary>
public sealed class TableTests
{
    private const int Rows = 300;

    [Fact]
    public async Task Parquet_is_read()
    {
        using var folder = new TemporaryFolder();
        string file = folder["a.parquet"];
        var click = new DataField<int>("click");
        var price = new DataField<double?>("price");
        var site = new DataField<string>("site");
        await using (FileStream stream = File.Create(file))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(click, price, site), stream))
        {
            for (int start = 0; start < Rows; start += 100)
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                int[] rows = [.. Enumerable.Range(start, 100)];
                await group.WriteAsync<int>(click, rows.Select(Click).ToArray());
                await group.WriteAsync<double>(price, rows.Select(Price).ToArray());
                await group.WriteAsync(site, rows.Select(Site).ToArray());
            }
        }

        AssertSameAsText(folder, file);
        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        foreach (int length in new[] { bytes.Length / 2, bytes.Length - 50, bytes.Length - 1, 10 })
        {
            await File.WriteAllBytesAsync(folder["cut.parquet"], bytes[..length], TestContext.Current.CancellationToken);
            Assert.Contains("cut.parquet", Assert.Throws<BadDataException>(() => Make(folder, folder["cut.parquet"], "cut")).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(folder["cut.partial"]));
        }
    }

    [Fact]
    public void Arrow_is_read()
    {
        using var folder = new TemporaryFolder();
        string file = folder["a.arrow"];
        int[] rows = [.. Enumerable.Range(0, Rows)];
        var price = new DoubleArray.Builder();
        foreach (double? value in rows.Select(Price))
        {
            price.Append(value);
        }

        var schema = new Apache.Arrow.Schema(
            [new Apache.Arrow.Field("click", Int32Type.Default, false), new Apache.Arrow.Field("price", DoubleType.Default, true), new Apache.Arrow.Field("site", StringType.Default, false)], null);
        using (FileStream stream = File.Create(file))
        using (var writer = new ArrowFileWriter(stream, schema))
        {
            writer.WriteRecordBatch(new RecordBatch(
                schema,
                [new Int32Array.Builder().AppendRange(rows.Select(Click)).Build(), price.Build(), new StringArray.Builder().AppendRange(rows.Select(Site)).Build()],
                Rows));
            writer.WriteEnd();
        }

        AssertSameAsText(folder, file);
        byte[] bytes = File.ReadAllBytes(file);
        foreach (int length in new[] { bytes.Length / 2, bytes.Length - 7, 100 })
        {
            File.WriteAllBytes(folder["cut.arrow"], bytes[..length]);
            Assert.Contains("cut.arrow", Assert.Throws<BadDataException>(() => Make(folder, folder["cut.arrow"], "cut")).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(folder["cut.partial"]));
        }
    }

    private static int Click(int row) => row % 3 / 2;

    private static double? Price(int row) => row % 7 == 0 ? null : row * 0.5;

    private static string Site(int row) => row % 5 == 0 ? "a, \"b\"" : $"s{row % 4}";

    private static void AssertSameAsText(TemporaryFolder folder, string table)
    {
        string text = folder.Write(
            "a.csv",
            "click,price,site\n" + string.Concat(Enumerable.Range(0, Rows).Select(row =>
                FormattableString.Invariant($"{Click(row)},{Price(row)},\"{Site(row).Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n"))));
        Make(folder, text, "text");
        Make(folder, table, "table");

        Assert.Equal(
            DataSetFolder.Describe(folder["text"]).Files.Select(file => file.XxHash3),
            DataSetFolder.Describe(folder["table"]).Files.Select(file => file.XxHash3));
        Assert.Equal(new FileInfo(table).Length, DataSetFolder.Describe(folder["table"]).Sources.Single().Bytes);
        Assert.True(Make(folder, table, "table").WasThere);
    }

    private static PreprocessReport Make(TemporaryFolder folder, string file, string output) => Preprocessor.Run(new PreprocessOptions
    {
        Inputs = [file],
        Output = folder[output],
        Schema = new DataSchema
        {
            Label = "click",
            Dense = [new DenseColumn { Column = "price", Scale = DenseScale.MinMax }],
            Sparse = [new SparseColumn { Column = "site" }],
        },
    });
}
