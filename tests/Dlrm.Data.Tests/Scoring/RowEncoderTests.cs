using System.Text;
using System.Text.Json;
using Apache.Arrow;
using CsCheck;
using Dlrm.Checkpoints;
using Dlrm.Data.Adult;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Data.Scoring;
using Dlrm.Data.Tests.Criteo;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Data.Tests.Scoring;

/// <summary>Raw rows are encoded for scoring as preprocessing encoded them for training, to the bit.</summary>
public sealed class RowEncoderTests
{
    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Const(""), Gen.Int[-20, 6000].Select(number => $"{number}"), Gen.Double[-3, 900].Select(number => $"{number:R}"));

    private static readonly Gen<string> Integer = Gen.OneOf(Gen.Const(""), Gen.Int[-9, 40].Select(number => $"{number:00}"));

    private static readonly Gen<string> Letters = Gen.String[Gen.Char["abñ \"'\\"], 0, 2];

    private static readonly Gen<DenseColumn> Dense =
        Gen.Select(Gen.Bool, Gen.Enum<DenseScale>(), Gen.Bool, Gen.Bool, Gen.Bool, (log, scale, clip, fill, indicator) => new DenseColumn
        {
            Column = "",
            Log1p = log,
            Scale = scale,
            ClipLow = clip ? -1 : null,
            ClipHigh = clip ? 500 : null,
            Fill = fill ? 2.5 : null,
            Indicator = indicator,
            Bins = 5,
        });

    private static readonly Gen<SparseColumn> Sparse =
        Gen.Select(Gen.Enum<SparseType>(), Gen.Int[1, 3], Gen.Int[0, 1], Gen.Bool, Gen.Int[0, 2], (type, floor, hash, bag, most) => new SparseColumn
        {
            Column = "",
            Type = type,
            MinFrequency = hash == 1 ? 1 : floor,
            Hash = hash * 11,
            Separator = bag ? "|" : null,
            MaxLength = bag ? most : 0,
        });

    [Fact]
    public void Every_kind_of_feature_is_encoded_as_in_training()
    {
        Gen.Select(Dense.Array[0, 3], Sparse.Array[1, 4]).SelectMany((dense, sparse) =>
        {
            DataSchema schema = new()
            {
                Label = "y",
                Missing = ["?"],
                Dense = [.. dense.Select((column, number) => column with { Column = $"d{number}" })],
                Sparse = [.. sparse.Select((column, number) => column with { Column = $"s{number}" })],
            };
            Gen<string[]> row = Gen.Select(
                Gen.OneOf(Number, Gen.Const("?")).Array[dense.Length],
                Gen.Select(Integer, Letters, Gen.Int[0, 3]).Array[sparse.Length],
                (numbers, values) => numbers.Concat(schema.Sparse.Zip(values, Cell)).ToArray());
            return Gen.Select(Gen.Const(schema), row.Array[12, 40]);
        }).Sample(Check, iter: 25, threads: 1);
    }

    private static string Cell(SparseColumn column, (string Number, string Letters, int Copies) value)
    {
        string one = column.Type switch
        {
            SparseType.Integer => value.Number,
            SparseType.Hex => value.Number.TrimStart('-').Replace('1', 'A'),
            _ => value.Letters,
        };
        return column.Separator is null ? one : string.Join('|', Enumerable.Range(0, value.Copies).Select(copy => copy == 1 ? "7" : one));
    }

    private static void Check(DataSchema schema, string[][] rows)
    {
        using var folder = new TemporaryFolder();
        string[] names = [.. schema.Dense.Select(column => column.Column), .. schema.Sparse.Select(column => column.Column)];
        var text = new StringBuilder("y," + string.Join(',', names) + "\n");
        foreach (string[] cells in rows)
        {
            text.Append("1," + string.Join(',', cells.Select(cell => cell.Contains('"') ? $"\"{cell.Replace("\"", "\"\"")}\"" : cell)) + "\n");
        }

        string file = folder.Write("a.csv", Encoding.UTF8.GetBytes(text.ToString()));
        Preprocessor.Run(new PreprocessOptions { Inputs = [file], Output = folder["set"], Schema = schema, Split = "fraction:0.6" });
        using var set = DataSetFolder.Open(folder["set"]);
        RowEncoder encoder = EncodedRows.Encoder(folder["model"], set.EncodingFiles(), set.DenseFeatures, set.TableRows);

        List<string> expected = EncodedRows.Of(set);
        Assert.Equal(expected, EncodedRows.Encode(encoder, rows.Length, (batch, row) => EncodedRows.AddText(batch, names, rows[row])));
        Assert.Equal(expected, EncodedRows.Encode(encoder, rows.Length, (batch, row) => EncodedRows.AddJson(batch, names, rows[row])));
    }

    [Fact]
    public void Typed_values_are_what_they_are_as_text()
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set);
        using (set)
        {
            List<string> typed = EncodedRows.Encode(encoder, 4, (batch, row) =>
            {
                batch.BeginRow();
                switch (row)
                {
                    case 0:
                        batch.SetNumber(0, 10L);
                        batch.SetText(1, "a");
                        batch.SetNumber(2, 7.0);
                        batch.BeginBag(3);
                        Assert.True(batch.TryAddValue(3, "x"u8, out _));
                        Assert.True(batch.TryAddValue(3, "y"u8, out _));
                        break;
                    case 1:
                        batch.SetNumber(0, double.NaN);
                        batch.SetText(1, "b");
                        batch.SetNumber(2, -3L);
                        break;
                    case 2:
                        batch.SetNumber(0, 0.1f);
                        batch.SetText(1, "ñ");
                        batch.SetMissing(2);
                        batch.SetText(3, "z|x");
                        break;
                    default:
                        batch.SetText(2, "+0007"u8);
                        batch.SetNumber(0, 2.0);
                        batch.SetNumber(0, 0.5);
                        batch.SetText(1, "never seen");
                        batch.SetText(3, "x|y|z");
                        batch.SetText(3, "y");
                        break;
                }

                batch.EndRow();
            });

            Assert.Equal(EncodedRows.Of(set).Take(4), typed);
        }
    }

    [Fact]
    public void Missing_and_unknown_values_are_counted()
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set);
        set.Dispose();
        using var batch = new RowBatch(encoder, 4);
        EncodedRows.AddText(batch, ["age", "site", "code", "tags"], ["", "new", "8", "x|new|newer"]);
        EncodedRows.AddText(batch, ["age", "site", "code", "tags"], ["1", "a", "", ""]);
        batch.BeginRow();
        batch.SetText(1, "new");
        batch.DiscardRow();

        Assert.Equal(new FieldCounts { Rows = 2, Missing = 1 }, batch.Counts[encoder.FieldOf("age")]);
        Assert.Equal(new FieldCounts { Rows = 2, Unknown = 1 }, batch.Counts[encoder.FieldOf("site")]);
        Assert.Equal(new FieldCounts { Rows = 2, Unknown = 1, Missing = 1 }, batch.Counts[encoder.FieldOf("code")]);
        Assert.Equal(new FieldCounts { Rows = 2, Unknown = 2, Missing = 1 }, batch.Counts[encoder.FieldOf("tags")]);
        Assert.Equal(-1, encoder.FieldOf("click"));
    }

    [Theory]
    [InlineData("""{"age":"x1"}""", "field 'age': 'x1' is not a number")]
    [InlineData("""{"age":[1]}""", "field 'age': '\\xe2\\x80\\xa6' is an array, and the field takes one value")]
    [InlineData("""{"site":{"a":[1,{}]},"age":1}""", "field 'site': '\\xe2\\x80\\xa6' is an object")]
    [InlineData("""{"code":7.5}""", "field 'code': '7.5' is not a whole number of 64 bits, which the feature is")]
    [InlineData("""{"agee":7.5}""", "'agee' is no raw field of the model")]
    [InlineData("""[1,2]""", "'[' is not a JSON object of raw values by name")]
    public void A_bad_row_says_why_and_the_next_is_read(string bad, string problem)
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set);
        set.Dispose();
        using var batch = new RowBatch(encoder, 2);
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($$"""[{{bad}},{"site":"a","tags":["x"]}]"""));
        reader.Read();
        reader.Read();
        Assert.False(batch.TryAddJson(ref reader, UnknownProperty.Refuse, out RowProblem found));
        Assert.Equal(problem, found.ToString());
        reader.Read();
        Assert.True(batch.TryAddJson(ref reader, UnknownProperty.Refuse, out _));
        Assert.Equal(1, batch.Build().Size);
        Assert.Equal([1], batch.Build().Indices(0).ToArray());
    }

    [Fact]
    public void Json_in_pieces_and_with_escapes_is_read()
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set);
        set.Dispose();
        using var batch = new RowBatch(encoder, 2);
        EncodedRows.AddText(batch, ["age", "site", "code", "tags"], ["10.5", "ñ", "7", "x|y"]);
        byte[] json = Encoding.UTF8.GetBytes("""{"a\u0067e":10.5,"site":"\u00f1","code":"7","tags":["\u0078","y"]}""");
        var reader = new Utf8JsonReader(Pieces(json));
        Assert.True(batch.TryAddJson(ref reader, UnknownProperty.Refuse, out RowProblem problem), problem.ToString());
        string[] rows = [.. EncodedRows.Of(batch.Build())];
        Assert.Equal(rows[0], rows[1]);
    }

    [Fact]
    public void Rows_allocate_nothing()
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set);
        set.Dispose();
        using var batch = new RowBatch(encoder, 100);
        byte[] json = Encoding.UTF8.GetBytes("""{"age":10.5,"site":"\u00f1","code":"7","tags":["x","y"],"other":[{}]}""");
        long before = 0;
        for (int round = 0; round < 3; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            for (int row = 0; row < 50; row++)
            {
                var reader = new Utf8JsonReader(json);
                batch.TryAddJson(ref reader, UnknownProperty.Ignore, out _);
                batch.BeginRow();
                batch.SetNumber(0, 12.5);
                batch.SetText(1, "some value");
                batch.SetNumber(2, 12L);
                batch.SetText(3, "x|y|nothing"u8);
                batch.EndRow();
            }

            batch.Build();
            batch.Clear();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Arrow_tables_are_encoded_as_preprocessing_reads_them()
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set);
        set.Dispose();
        var tags = new ListArray.Builder(Apache.Arrow.Types.StringType.Default);
        var items = (StringArray.Builder)tags.ValueBuilder;
        tags.Append();
        items.Append("x").Append("y");
        tags.AppendNull();
        tags.Append();
        items.Append("z").Append("x");
        using RecordBatch rows = new RecordBatch.Builder()
            .Append("site", true, new StringArray.Builder().Append("a").Append("b").AppendNull().Build())
            .Append("age", true, new FloatArray.Builder().Append(10).AppendNull().Append(0.1f).Build())
            .Append("code", true, new Int64Array.Builder().Append(7).Append(-3).AppendNull().Build())
            .Append("tags", true, tags.Build())
            .Append("id", true, new Int32Array.Builder().Append(1).Append(2).Append(3).Build())
            .Build();
        using var batch = new RowBatch(encoder, 4);
        batch.AddRows(rows, 0, 1);
        batch.AddRows(rows, 1, 2);

        string[] names = ["age", "site", "code", "tags"];
        string[][] cells = [["10", "a", "7", "x|y"], ["", "b", "-3", ""], ["0.1", "", "", "z|x"]];
        Assert.Equal(
            EncodedRows.Encode(encoder, 3, (text, row) => EncodedRows.AddText(text, names, cells[row])),
            EncodedRows.Of(batch.Build()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_embedded_sample_is_encoded_as_in_training(bool numbersAsCategories)
    {
        using var folder = new TemporaryFolder();
        using AdultDataSet set = AdultSample.Load(new AdultOptions { ShuffleSeed = null, NumbersAsCategories = numbersAsCategories });
        RowEncoder encoder = EncodedRows.Encoder(folder["model"], set.EncodingFiles, 6, set.TableRows);
        AdultTable table = AdultTable.Read();
        string[] names = [.. table.DenseNames, .. table.CategoricalNames];

        List<string> encoded = EncodedRows.Encode(encoder, set.Rows.Rows, (batch, row) => EncodedRows.AddText(
            batch, names,
            [.. table.Dense.Select(column => $"{column[row]}"), .. table.Categorical.Select(column => column[row])]));
        Assert.Equal([.. EncodedRows.Of(set.Train), .. EncodedRows.Of(set.Test)], encoded);
        Assert.True(encoder.TryReadLabel(">50K"u8, out float label));
        Assert.Equal((1, "income"), (label, encoder.LabelColumn));
    }

    [Theory]
    [InlineData(-1, 0, false)]
    [InlineData(9, 0, false)]
    [InlineData(-1, 5, true)]
    [InlineData(100, 2, true)]
    public void Criteos_text_is_encoded_as_in_training(int range, int floor, bool numbersAsCategories)
    {
        const int Rows = 300;
        using var folder = new TemporaryFolder();
        using CriteoDataSet set = CriteoKaggle.Load(
            new CriteoKaggleOptions
            {
                RawDataFile = folder.Write("train.txt", CriteoLines.Text(Rows)),
                MaxIndexRange = range,
                MinFrequency = floor,
                NumbersAsCategories = numbersAsCategories,
                Standardize = numbersAsCategories,
                Randomize = CriteoRandomize.None,
            },
            new NumpyRandom(123));
        RowEncoder encoder = EncodedRows.Encoder(folder["model"], set.EncodingFiles(), CriteoColumns.Dense, set.TableRows);

        Assert.Equal(
            [.. EncodedRows.Of(set.Train), .. EncodedRows.Of(set.Test), .. EncodedRows.Of(set.Validation)],
            EncodedRows.Encode(encoder, Rows, (batch, row) => EncodedRows.AddText(batch, CriteoColumns.Names, CriteoLines.Fields(row))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void Criteos_data_set_folder_is_encoded_as_in_training(int range)
    {
        const int Rows = 200;
        using var folder = new TemporaryFolder();
        CriteoPreprocessor.Run(new CriteoPreprocessOptions
        {
            Inputs = [folder.Write("train.txt", CriteoLines.Text(Rows))],
            Output = folder["set"],
            MaxIndexRange = range,
        });
        using var set = DataSetFolder.Open(folder["set"]);
        RowEncoder encoder = EncodedRows.Encoder(folder["model"], set.EncodingFiles(), set.DenseFeatures, set.TableRows);

        Assert.Equal(
            EncodedRows.Of(set),
            EncodedRows.Encode(encoder, Rows, (batch, row) => EncodedRows.AddText(batch, CriteoColumns.Names, CriteoLines.Fields(row))));

        // A hash that no file had: no row of a table stands for it, so it looks nothing up.
        using var unseen = new RowBatch(encoder, 1);
        unseen.BeginRow();
        unseen.SetText(encoder.FieldOf("C1"), "feedbee"u8);
        unseen.EndRow();
        Assert.Equal(range == 0 ? 0 : 1, unseen.Build().LookupCount(0));
    }

    [Fact]
    public void Bounds_on_tables_are_kept()
    {
        using var folder = new TemporaryFolder();
        RowEncoder encoder = Small(folder, out DataSetFolder set, [2, 0, 3]);
        using (set)
        {
            using var source = new FolderBatchSource(set, "train", 3);
            string[] names = ["age", "site", "code", "tags"];
            Assert.Equal(
                EncodedRows.Of(new BoundedBatchSource(source, [2, 0, 3])),
                EncodedRows.Encode(encoder, 3, (batch, row) => EncodedRows.AddText(batch, names, Raw[row])));
        }
    }

    [Fact]
    public void A_file_whose_first_value_is_empty_is_preprocessed()
    {
        var values = new ValueDictionary();
        Assert.Equal(0, values.Add(default, ValueDictionary.Hash(default)));
        Assert.Equal(1, values.Add("a"u8, ValueDictionary.Hash("a"u8)));
        Assert.Equal(0, values.Find(default, ValueDictionary.Hash(default)));
    }

    [Fact]
    public void A_model_of_random_data_says_what_it_lacks()
    {
        using var folder = new TemporaryFolder();
        ModelFolder.Save(folder["model"], new ModelContents { ConfigJson = new DlrmConfig().ToJson(), Tensors = [] });
        var thrown = Assert.Throws<InvalidDataException>(() => RowEncoder.Open(folder["model"]));
        Assert.Contains("holds no dataset.json", thrown.Message, StringComparison.Ordinal);
    }

    private static readonly string[][] Raw =
        [["10", "a", "7", "x|y"], ["", "b", "-3", ""], ["0.1", "ñ", "", "z|x"], ["0.5", "d", "007", "y"]];

    /// <summary>Fields age, site, code, tags; the first three rows are for training.</summary>
    private static RowEncoder Small(TemporaryFolder folder, out DataSetFolder set, int[]? bounds = null)
    {
        string text = "click,age,site,code,tags\n" + string.Concat(Raw.Select(row => "1," + string.Join(',', row) + "\n"));
        Preprocessor.Run(new PreprocessOptions
        {
            Inputs = [folder.Write("small.csv", Encoding.UTF8.GetBytes(text))],
            Output = folder["small"],
            Split = "fraction:0.75",
            Schema = new DataSchema
            {
                Label = "click",
                Dense = [new DenseColumn { Column = "age", Log1p = true, Indicator = true }],
                Sparse =
                [
                    new SparseColumn { Column = "site" }, new SparseColumn { Column = "code", Type = SparseType.Integer },
                    new SparseColumn { Column = "tags", Separator = "|" },
                ],
            },
        });
        set = DataSetFolder.Open(folder["small"]);
        int[] rows = bounds is null ? [.. set.TableRows] : BoundedBatchSource.Apply(set.TableRows, bounds);
        return EncodedRows.Encoder(folder["small-model"], set.EncodingFiles(), set.DenseFeatures, rows);
    }

    private static System.Buffers.ReadOnlySequence<byte> Pieces(byte[] bytes)
    {
        var first = new Piece(bytes.AsMemory(0, 1), null);
        Piece last = first;
        for (int place = 1; place < bytes.Length; place++)
        {
            last = new Piece(bytes.AsMemory(place, 1), last);
        }

        return new System.Buffers.ReadOnlySequence<byte>(first, 0, last, 1);
    }

    private sealed class Piece : System.Buffers.ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            before?.Next = this;
        }
    }
}
