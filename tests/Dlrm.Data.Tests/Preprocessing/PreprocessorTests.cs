using Apache.Arrow;
using Apache.Arrow.Ipc;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

public sealed class PreprocessorTests
{
    private const string Text = """"
        click,age,site,tags,user
        1,10,"a, ""b""",x|y,u1
        0,,c,,u2
        1,-5,c,"y|z|y",u1
        0,7.5,d,x,u3
        0,3,c,w|x,u4

        """";

    private static readonly DataSchema Schema = new()
    {
        Label = "click",
        Dense = [new DenseColumn { Column = "age", Log1p = true, Indicator = true }],
        Sparse = [new SparseColumn { Column = "site" }, new SparseColumn { Column = "tags", Separator = "|", MaxLength = 2 }],
    };

    [Fact]
    public void Rows_hold_what_the_text_says()
    {
        using var folder = new TemporaryFolder();
        PreprocessReport report = Make(folder, folder.Write("a.csv", Text));

        using var set = DataSetFolder.Open(folder["out"], verify: true);
        using var train = new FolderBatchSource(set, "train", 10);
        using var batch = new Batch(2, 2);
        train.Read(0, batch);
        Assert.Equal([1f, 0, 1, 0], batch.Labels.ToArray());
        Assert.Equal([MathF.Log(11), 0, 0, 1, 0, 0, (float)Math.Log(8.5), 0], batch.Dense.ToArray());
        Assert.Equal([1, 2, 2, 3], batch.Indices(0).ToArray());
        Assert.Equal([0, 2, 2, 4, 5], batch.Offsets(1).ToArray());
        Assert.Equal([1, 2, 2, 3, 1], batch.Indices(1).ToArray());
        Assert.Equal([4, 4], train.TableRows);

        // w occurs in the test part alone.
        using var test = new FolderBatchSource(set, "test", 10);
        test.Read(0, batch);
        Assert.Equal([0, 1], batch.Indices(1).ToArray());
        Assert.Equal(1, report.Columns.Single(column => column.Name == "tags").OutOfVocabulary);
        Assert.Equal(["1", "10", "0", "a, \"b\"", "x|y"], new RowDecoder(set).Read("train", 1).Single());
    }

    [Fact]
    public void Arrow_opens_the_files_as_they_stand()
    {
        using var folder = new TemporaryFolder();
        Make(folder, folder.Write("a.csv", Text));

        using var stream = File.OpenRead(Path.Combine(folder["out"], "train-00000.arrow"));
        using var reader = new ArrowFileReader(stream);
        using RecordBatch rows = reader.ReadNextRecordBatch();
        Assert.Equal(["label", "age", "age_missing", "site", "tags"], rows.Schema.FieldsList.Select(field => field.Name));
        Assert.Equal([1f, 0, 1, 0], ((FloatArray)rows.Column("label")).Values.ToArray());
        Assert.Equal([2, 3], ((Int32Array)((ListArray)rows.Column("tags")).GetSlicedValues(2)).Values.ToArray());
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    [InlineData(".crlf")]
    [InlineData(".bom")]
    public void Packing_and_line_ends_change_nothing(string kind)
    {
        using var folder = new TemporaryFolder();
        Make(folder, folder.Write("a.csv", Text), "plain");
        byte[] text = System.Text.Encoding.UTF8.GetBytes(Text);
        byte[] other = kind switch
        {
            ".gz" => TemporaryFolder.GZip(text),
            ".zst" => TemporaryFolder.Zstandard(text),
            ".bom" => [0xef, 0xbb, 0xbf, .. text],
            _ => System.Text.Encoding.UTF8.GetBytes(Text.Replace("\n", "\r\n", StringComparison.Ordinal)),
        };
        Make(folder, folder.Write("b.csv", other), "other");

        Assert.Equal(Hashes(folder["plain"]), Hashes(folder["other"]));
    }

    [Theory]
    [InlineData("fraction:0.8,0.1")]
    [InlineData("hash:user:0.6,0.2")]
    [InlineData("time:day:0.7")]
    public void Threads_change_nothing(string split)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", Generated(30_000));
        DataSchema schema = new()
        {
            Label = "click",
            Dense = [new DenseColumn { Column = "a", Scale = DenseScale.Standardize }, new DenseColumn { Column = "b", Scale = DenseScale.Quantile }],
            Sparse = [new SparseColumn { Column = "user", MinFrequency = 3 }, new SparseColumn { Column = "tags", Separator = "|" }, new SparseColumn { Column = "day", Hash = 13 }],
            Weight = "b",
            Group = "user",
        };
        foreach (int threads in new[] { 1, 2, 5 })
        {
            Preprocessor.Run(new PreprocessOptions
            {
                Inputs = [file],
                Output = folder[$"t{threads}"],
                Schema = schema,
                Split = split,
                Threads = threads,
            });
        }

        Assert.Equal(Hashes(folder["t1"]), Hashes(folder["t2"]));
        Assert.Equal(Hashes(folder["t1"]), Hashes(folder["t5"]));
    }

    [Fact]
    public void Vocabularies_larger_than_their_memory_give_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var text = new System.Text.StringBuilder("click,user,tags\n");
        var random = new System.Random(3);
        for (int row = 0; row < 60_000; row++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{row % 2},user {random.Next(40_000)},t{random.Next(9)}|t{random.Next(30_000)}\n");
        }

        string file = folder.Write("a.csv", text.ToString());
        var options = new PreprocessOptions
        {
            Inputs = [file],
            Output = folder["memory"],
            Schema = new DataSchema
            {
                Label = "click",
                Sparse = [new SparseColumn { Column = "user", MinFrequency = 2 }, new SparseColumn { Column = "tags", Separator = "|" }],
            },
        };
        PreprocessReport expected = Preprocessor.Run(options);
        PreprocessReport spilled = Preprocessor.Run(options with { Output = folder["spilled"], MemoryLimit = 1 << 20 });

        Assert.Equal(Hashes(folder["memory"]), Hashes(folder["spilled"]));
        Assert.Equal(expected.Columns, spilled.Columns);
        Assert.Empty(Directory.GetFiles(folder["spilled"], "spool-*"));
    }

    [Fact]
    public void No_user_stands_on_both_sides()
    {
        using var folder = new TemporaryFolder();
        var schema = new DataSchema { Label = "click", Sparse = [new SparseColumn { Column = "user" }], Group = "user" };
        Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [folder.Write("a.csv", Generated(5000))],
            Output = folder["out"],
            Schema = schema,
            Split = "hash:user:0.5,0.25",
        });

        using var set = DataSetFolder.Open(folder["out"]);
        var users = new List<HashSet<long>>();
        foreach (SplitEntry split in set.Description.Splits)
        {
            SplitRows rows = set.Rows(split.Name);
            var groups = new long[rows.Count];
            rows.ReadGroups(0, groups);
            users.Add([.. groups]);
            Assert.InRange(rows.Count, 500, 4000);
        }

        Assert.Equal(users.Sum(set => set.Count), users.SelectMany(set => set).Distinct().Count());
    }

    [Fact]
    public void A_data_set_that_is_there_is_kept_or_refused_with_the_difference()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", Text);
        Make(folder, file);

        Assert.True(Make(folder, file).WasThere);
        var other = Assert.Throws<BadDataException>(() => Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [file],
            Output = folder["out"],
            Schema = Schema with { Sparse = [Schema.Sparse[0] with { MinFrequency = 2 }, Schema.Sparse[1]] },
        }));
        Assert.Contains("it was made with schema.sparse[0].min_frequency 1, not 2", other.Message, StringComparison.Ordinal);
        folder.Write("a.csv", Text + "0,3,c,x,u4\n");
        Assert.Contains("other contents", Assert.Throws<BadDataException>(() => Make(folder, file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,2,a,b\n", "line 7, column 0", "has 4 fields, the header has 5")]
    [InlineData("1,x2,a,b,u\n", "line 7, column 2 (age): 'x2' is not a number", "Correct the line")]
    [InlineData("2,2,a,b,u\n", "column 1 (click): '2' is not a label", "")]
    [InlineData("\n", "line 7: '' is an empty line", "")]
    [InlineData("1,2,a,b,u\r\n", "line 7", "ends with CR LF")]
    [InlineData("1,2,a\0,b,u\n", "line 7", "has a zero byte")]
    [InlineData("1,2,\"a,b,u\n", "line 7", "quote that is not closed")]
    [InlineData("1,1e999,a,b,u\n", "'1e999' is not a number", "")]
    [InlineData("1,nan,a,b,u\n", "'nan' is not a number", "")]
    public void A_bad_row_is_refused_with_its_place_or_skipped_and_told(string row, string where, string what)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.csv", Text + row + (row.Contains("\"a,b", StringComparison.Ordinal) ? "" : "0,1,c,x,u9\n"));
        var bad = Assert.Throws<BadDataException>(() => Make(folder, file));
        Assert.Contains(where.Replace(", column 0", "", StringComparison.Ordinal), bad.Message, StringComparison.Ordinal);
        Assert.Contains(what, bad.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
        Assert.False(Directory.Exists(folder["out.partial"]));

        PreprocessReport report = Preprocessor.Run(
            new PreprocessOptions { Inputs = [file], Output = folder["out"], Schema = Schema, OnBadLine = OnBadLine.Skip });
        Assert.Equal(1, report.Description.Skipped.Values.Sum());
        string reject = File.ReadAllText(Path.Combine(folder["out"], "rejects.jsonl"));
        Assert.Contains("\"line\":7", reject, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_by_name_and_shares_by_time_and_file()
    {
        using var folder = new TemporaryFolder();
        string first = folder.Write("p_1.csv", "y,t,s\nyes,2026-01-01,a\nno,2026-01-03,b\n");
        string second = folder.Write("p_2.csv", "y,t,s\nno,2026-01-02,c\nyes,2026-01-04,a\n");
        var schema = new DataSchema { Label = "y", Positive = ["yes"], Sparse = [new SparseColumn { Column = "s" }] };
        SplitEntry[] Splits(string output, string split) =>
            [.. Preprocessor.Run(new PreprocessOptions { Inputs = [first, second], Output = folder[output], Schema = schema, Split = split }).Description.Splits];

        Assert.Equal([(2L, (double?)0.5), (1, 0), (1, 1)], Splits("t", "time:t:2026-01-03,2026-01-04").Select(s => (s.Rows, s.LabelRate)));
        Assert.Equal([3L, 1], Splits("u", "time:t:0.75").Select(s => s.Rows));
        Assert.Equal([2L, 2], Splits("f", "file:test=*_2.csv").Select(s => s.Rows));
        Assert.Equal([4L], Splits("n", "none").Select(s => s.Rows));
    }

    private static PreprocessReport Make(TemporaryFolder folder, string file, string output = "out") =>
        Preprocessor.Run(new PreprocessOptions { Inputs = [file], Output = folder[output], Schema = Schema });

    private static string[] Hashes(string folder)
    {
        DataSetDescription description = DataSetFolder.Describe(folder);
        return [.. description.Files.Select(file => file.XxHash3), .. description.Sparse.Select(feature => feature.VocabularyHash ?? "")];
    }

    private static string Generated(int rows)
    {
        var random = new System.Random(5);
        var text = new System.Text.StringBuilder("click,a,b,user,tags,day\n");
        for (int row = 0; row < rows; row++)
        {
            string tags = string.Join('|', Enumerable.Range(0, random.Next(4)).Select(_ => "t" + random.Next(50)));
            text.Append(random.Next(2)).Append(',').Append(random.Next(10) == 0 ? "" : (random.Next(1000) / 8.0).ToString(System.Globalization.CultureInfo.InvariantCulture))
                .Append(',').Append(random.Next(30)).Append(",\"user ").Append(random.Next(900)).Append("\",").Append(tags).Append(',')
                .Append(row / 100).Append('\n');
        }

        return text.ToString();
    }
}
