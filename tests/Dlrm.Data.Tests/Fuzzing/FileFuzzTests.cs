using System.Text;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using CsCheck;
using Dlrm.Data.Folders;
using Dlrm.Data.Lines;
using Dlrm.Data.Preprocessing;
using Parquet;
using Parquet.Schema;
using Xunit;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Dlrm.Data.Tests.Fuzzing;

/// <summary>Packed files, tables and schemas with bytes changed at random: read, or refused with a message; nothing else.</summary>
public sealed class FileFuzzTests
{
    private static readonly byte[] Text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 400).Select(
        row => FormattableString.Invariant($"{row % 2},{row * 7919 % 1000},site{row % 17}\n"))));

    public static TheoryData<string> Packings => ["gzip", "zstd"];

    [Theory]
    [MemberData(nameof(Packings))]
    public void A_packed_file_is_read_as_it_was_or_refused(string packing)
    {
        byte[] packed = Pack(packing);
        Assert.Equal(Text, Read(packed, out _));
        Mutation.Of(3).Sample(
            mutate =>
            {
                byte[] changed = mutate(packed);
                byte[]? read = Read(changed, out bool truncated);
                if (read is not null && !truncated && !changed.AsSpan().SequenceEqual(packed))
                {
                    // What the checksum does not cover: the header's time and flags; or another text of the same file's first bytes.
                    Assert.True(!IsPacked(changed) || read.AsSpan().SequenceEqual(Text) || read.Length == 0);
                }
            },
            iter: 300, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public void A_packed_file_cut_anywhere_is_told(string packing)
    {
        byte[] packed = Pack(packing);
        for (int length = 8; length < packed.Length; length += 3)
        {
            byte[]? read = Read(packed[..length], out bool truncated);
            Assert.True(truncated || read is null);
            Assert.True(read is null || Text.AsSpan().StartsWith(read));
        }
    }

    [Fact]
    public void An_Arrow_file_is_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] table = Arrow(folder["a.arrow"]);
        Assert.Equal(Text, Table(folder, table)!.AsSpan("click,price,site\n".Length));
        Mutation.Of(3).Sample(mutate => Table(folder, mutate(table)), iter: 200, threads: 1);
    }

    [Fact]
    public async Task A_Parquet_file_is_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] table = await Parquet(folder["a.parquet"]);
        Assert.Equal(Text, Table(folder, table)!.AsSpan("click,price,site\n".Length));
        Mutation.Of(3).Sample(mutate => Table(folder, mutate(table)), iter: 200, threads: 1);
    }

    [Fact]
    public void A_schema_is_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] json = Encoding.UTF8.GetBytes(new DataSchema
        {
            Label = "click",
            Positive = ["yes"],
            Dense = [new DenseColumn { Column = "price", ClipLow = 0, Log1p = true, Scale = DenseScale.Quantile, Bins = 8, Fill = 1, Indicator = true }],
            Sparse = [new SparseColumn { Column = "site", MinFrequency = 4 }, new SparseColumn { Column = "tags", Separator = "|", MaxLength = 3, Type = SparseType.Hex }],
            Weight = "weight",
            Missing = ["NA"],
        }.ToJson());
        Assert.NotNull(Schema(folder, json));
        foreach (string text in new[] { "null", "{}", "[]", "{\"label\":null,\"sparse\":[]}", "{\"label\":\"a\",\"sparse\":[null]}", "{\"label\":\"a\",\"sparse\":null}", "{\"label\":\"a\",\"positive\":[null],\"sparse\":[{\"column\":\"b\"}]}", "{\"label\":\"a\",\"dense\":[null],\"sparse\":[{\"column\":null}]}", "{\"label\":\"a\",\"missing\":[null],\"sparse\":[{\"column\":\"b\"}]}" })
        {
            Assert.Null(Schema(folder, Encoding.UTF8.GetBytes(text)));
        }

        Mutation.Of(4).Sample(
            mutate =>
            {
                // What is read can be written and read again, to the same.
                if (Schema(folder, mutate(json)) is { } schema)
                {
                    Assert.Equal(schema.ToJson(), Schema(folder, Encoding.UTF8.GetBytes(schema.ToJson()))?.ToJson());
                }
            },
            iter: 400, threads: 1);
    }

    private static DataSchema? Schema(TemporaryFolder folder, byte[] json)
    {
        try
        {
            return DataSchema.Read(folder.Write("schema.json", json));
        }
        catch (BadDataException exception)
        {
            Assert.Contains("schema.json", exception.Message, StringComparison.Ordinal);
            return null;
        }
    }

    private static bool IsPacked(byte[] bytes) => TextFormats.IsPacked(bytes);

    private static byte[] Pack(string packing)
    {
        if (packing == "gzip")
        {
            return TemporaryFolder.GZip(Text);
        }

        using var compressor = new Compressor(1);
        compressor.SetParameter(ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return compressor.Wrap(Text).ToArray();
    }

    /// <summary>The text of a file; null when it is refused.</summary>
    private static byte[]? Read(byte[] bytes, out bool truncated)
    {
        using var folder = new TemporaryFolder();
        return ReadAll(folder.Write("a.txt", bytes), delimited: false, out truncated);
    }

    private static byte[]? Table(TemporaryFolder folder, byte[] bytes) => ReadAll(folder.Write("a.table", bytes), delimited: true, out _);

    private static byte[]? ReadAll(string file, bool delimited, out bool truncated)
    {
        truncated = false;
        try
        {
            using var source = new TextSource(file, delimited);
            var text = new byte[1 << 20];
            int length = 0;
            for (int count; length < text.Length && (count = source.Fill(text.AsSpan(length, Math.Min(8192, text.Length - length)))) > 0;)
            {
                length += count;
            }

            truncated = source.Truncated;
            return text[..length];
        }
        catch (BadDataException exception)
        {
            Assert.StartsWith(file, exception.Message, StringComparison.Ordinal);
            return null;
        }
    }

    private static byte[] Arrow(string file)
    {
        string[][] rows = [.. Encoding.ASCII.GetString(Text).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];
        var schema = new Apache.Arrow.Schema(
            [new Apache.Arrow.Field("click", Int32Type.Default, false), new Apache.Arrow.Field("price", Int64Type.Default, true), new Apache.Arrow.Field("site", StringType.Default, false)], null);
        using (FileStream stream = File.Create(file))
        using (var writer = new ArrowFileWriter(stream, schema))
        {
            foreach (string[][] batch in rows.Chunk(150))
            {
                writer.WriteRecordBatch(new RecordBatch(
                    schema,
                    [
                        new Int32Array.Builder().AppendRange(batch.Select(row => int.Parse(row[0]))).Build(),
                        new Int64Array.Builder().AppendRange(batch.Select(row => long.Parse(row[1]))).Build(),
                        new StringArray.Builder().AppendRange(batch.Select(row => row[2])).Build(),
                    ],
                    batch.Length));
            }

            writer.WriteEnd();
        }

        return File.ReadAllBytes(file);
    }

    private static async Task<byte[]> Parquet(string file)
    {
        string[][] rows = [.. Encoding.ASCII.GetString(Text).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];
        var click = new DataField<int>("click");
        var price = new DataField<long>("price");
        var site = new DataField<string>("site");
        await using (FileStream stream = File.Create(file))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(click, price, site), stream))
        {
            foreach (string[][] batch in rows.Chunk(150))
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync<int>(click, batch.Select(row => int.Parse(row[0])).ToArray());
                await group.WriteAsync<long>(price, batch.Select(row => long.Parse(row[1])).ToArray());
                await group.WriteAsync(site, batch.Select(row => row[2]).ToArray());
            }
        }

        return File.ReadAllBytes(file);
    }
}
