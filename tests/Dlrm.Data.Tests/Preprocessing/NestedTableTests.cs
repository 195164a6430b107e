using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>Lists and dictionary-encoded columns of tables become bags and categories as their text does.</summary>
public sealed class NestedTableTests
{
    private static readonly DataSchema Schema = new()
    {
        Label = "click",
        Sparse = [new SparseColumn { Column = "site" }, new SparseColumn { Column = "tags", Separator = "|" }],
    };

    [Fact]
    public void Arrows_dictionaries_and_lists_are_read()
    {
        using var folder = new TemporaryFolder();
        var words = new StringArray.Builder().AppendRange(["a", "b"]).Build();
        var site = new DictionaryArray(
            new DictionaryType(Int8Type.Default, StringType.Default, false), new Int8Array.Builder().AppendRange([0, 1, 0]).Build(), words);
        var tags = new ListArray.Builder(StringType.Default);
        var items = (StringArray.Builder)tags.ValueBuilder;
        tags.Append();
        items.Append("x").Append("y");
        tags.Append();
        tags.Append();
        items.Append("y");
        ListArray lists = tags.Build();
        var schema = new Apache.Arrow.Schema(
            [
                new Apache.Arrow.Field("click", Int32Type.Default, false), new Apache.Arrow.Field("site", site.Data.DataType, false),
                new Apache.Arrow.Field("tags", lists.Data.DataType, true),
            ],
            null);
        using (FileStream stream = File.Create(folder["a.arrow"]))
        using (var writer = new ArrowFileWriter(stream, schema))
        {
            writer.WriteRecordBatch(new RecordBatch(schema, [new Int32Array.Builder().AppendRange([1, 0, 1]).Build(), site, lists], 3));
            writer.WriteEnd();
        }

        AssertSameAsText(folder, folder["a.arrow"]);
    }

    [Fact]
    public async Task Parquets_lists_are_read()
    {
        using var folder = new TemporaryFolder();
        var click = new DataField<int>("click");
        var site = new DataField<string>("site");
        var tags = new ListField("tags", new DataField<string>("element"));
        await using (FileStream stream = File.Create(folder["a.parquet"]))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(click, site, tags), stream))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<int>(click, new[] { 1, 0, 1 });
            await group.WriteAsync(site, new[] { "a", "b", "a" });
            await group.WriteAsync((DataField)tags.Item, new[] { "x", "y", "z", "y" }, new[] { 0, 1, 0, 0 });
        }

        Make(folder, folder["a.parquet"], "table");
        using var set = DataSetFolder.Open(folder["table"]);
        Assert.Equal(["x|y", "z", "y"], new RowDecoder(set).Read("train", 3).Select(row => row[^1]));
    }

    private static void AssertSameAsText(TemporaryFolder folder, string table)
    {
        Make(folder, folder.Write("a.csv", "click,site,tags\n1,a,x|y\n0,b,\n1,a,y\n"), "text");
        Make(folder, table, "table");
        Assert.Equal(
            DataSetFolder.Describe(folder["text"]).Files.Select(file => file.XxHash3),
            DataSetFolder.Describe(folder["table"]).Files.Select(file => file.XxHash3));
    }

    private static PreprocessReport Make(TemporaryFolder folder, string file, string output) =>
        Preprocessor.Run(new PreprocessOptions { Inputs = [file], Output = folder[output], Schema = Schema, Split = "none" });
}
