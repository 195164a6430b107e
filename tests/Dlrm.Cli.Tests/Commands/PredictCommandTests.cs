using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Dlrm.Data.Adult;
using Parquet;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary>A model of the embedded sample, trained for a moment, and the sample's test rows as files.</summary>
public sealed class AdultModel : IDisposable
{
    private readonly ScratchFolder _folder = ScratchFolder.InMemory();

    public AdultModel()
    {
        Ended trained = ToolRunner.Run("train", "--num-batches=30", "--nepochs=1", "--quiet", $"--output-dir={_folder["run"]}");
        Assert.Equal(0, trained.Code);
        AdultTable table = AdultTable.Read();
        int first = table.Labels.Count * 4 / 5;
        string[] names = [.. table.DenseNames, .. table.CategoricalNames, "income"];
        Header = string.Join(',', names);
        Lines =
        [
            .. Enumerable.Range(first, table.Labels.Count - first).Select(row => string.Join(
                ',',
                table.Dense.Select(column => column[row].ToString(CultureInfo.InvariantCulture))
                    .Concat(table.Categorical.Select(column => column[row]))
                    .Append(table.Labels[row] == 1 ? ">50K" : "<=50K"))),
        ];
        Rows = Write("rows.csv", Header + "\n" + string.Join('\n', Lines) + "\n");
        Scores = Predict(Rows).Lines[1..];
    }

    public string Run => _folder["run"];

    public string Header { get; }

    public string[] Lines { get; }

    /// <summary>A CSV file of all test rows.</summary>
    public string Rows { get; }

    /// <summary>Their scores.</summary>
    public string[] Scores { get; }

    public string this[string name] => _folder[name];

    public string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }

    internal Ended Predict(params string[] arguments) =>
        ToolRunner.Run(["predict", .. arguments, $"--load-model={Run}", "--quiet"]);

    public JsonObject Json(int row)
    {
        string[] names = Header.Split(',');
        string[] cells = Lines[row].Split(',');
        var json = new JsonObject();
        for (int column = 0; column < names.Length; column++)
        {
            json[names[column]] = column < 6 ? JsonNode.Parse(cells[column]) : JsonValue.Create(cells[column]);
        }

        return json;
    }

    public void Dispose() => _folder.Dispose();
}

/// <summary><c>dlrm predict</c>: raw rows in, scores out.</summary>
public sealed class PredictCommandTests(AdultModel model) : IClassFixture<AdultModel>
{
    [Fact]
    public void Metrics_are_those_of_evaluate_on_the_same_rows()
    {
        Ended evaluated = ToolRunner.Run("evaluate", model.Run, "--format=json");
        Ended predicted = model.Predict(model.Rows, "--metrics", "--format=json", $"--output={model["scores.csv"]}");

        JsonElement expected = JsonDocument.Parse(evaluated.Out).RootElement;
        JsonElement found = JsonDocument.Parse(predicted.Out).RootElement;
        Assert.Equal(model.Lines.Length, found.GetProperty("rows").GetInt32());
        foreach (string name in new[] { "auc", "log_loss", "accuracy", "ne", "calibration", "average_precision" })
        {
            Assert.Equal(expected.GetProperty(name).GetRawText(), found.GetProperty(name).GetRawText());
        }

        Ended table = model.Predict(model.Rows, "--metrics", $"--output={model["scores.csv"]}");
        Assert.Contains("normalized entropy", table.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_score_does_not_depend_on_threads_batches_or_the_instruction_set()
    {
        Assert.Equal(model.Lines.Length, model.Scores.Length);
        Assert.All(model.Scores, score => Assert.InRange(float.Parse(score, CultureInfo.InvariantCulture), 0f, 1f));
        foreach (string[] options in new string[][] { ["--num-threads=1", "--mini-batch-size=7"], ["--num-threads=3"], ["--isa=portable"] })
        {
            Assert.Equal(model.Scores, model.Predict([model.Rows, .. options]).Lines[1..]);
        }
    }

    [Theory]
    [InlineData("rows.tsv")]
    [InlineData("rows.csv.gz")]
    [InlineData("rows.csv.zst")]
    [InlineData("crlf.csv")]
    [InlineData("quoted.csv")]
    [InlineData("turned.csv")]
    [InlineData("bom.csv")]
    [InlineData("rows.jsonl")]
    [InlineData("rows.parquet")]
    [InlineData("rows.arrow")]
    public async Task The_form_of_the_rows_changes_no_score(string name)
    {
        const int Rows = 60;
        string[] lines = [model.Header, .. model.Lines[..Rows]];
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
        string path = model[name];
        switch (name)
        {
            case "rows.tsv":
                text = [.. text.Select(letter => letter == ',' ? (byte)'\t' : letter)];
                break;
            case "rows.csv.gz":
                using (var packed = new GZipStream(File.Create(path), CompressionLevel.Fastest))
                {
                    packed.Write(text);
                }

                break;
            case "rows.csv.zst":
                using (var compressor = new ZstdSharp.Compressor(1))
                {
                    text = compressor.Wrap(text).ToArray();
                }

                break;
            case "crlf.csv":
                text = Encoding.UTF8.GetBytes(string.Join("\r\n", lines) + "\r\n");
                break;
            case "quoted.csv":
                text = Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(line => $"\"{line.Replace(",", "\",\"", StringComparison.Ordinal)}\"")));
                break;
            case "turned.csv":
                text = Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(line => string.Join(',', line.Split(',').Reverse()))) + "\n");
                break;
            case "bom.csv":
                text = [0xef, 0xbb, 0xbf, .. text];
                break;
            case "rows.jsonl":
                text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, Rows).Select(row => model.Json(row).ToJsonString() + "\n")));
                break;
            case "rows.parquet":
                await WriteParquet(path, Rows);
                break;
            default:
                WriteArrow(path, Rows);
                break;
        }

        if (!name.EndsWith(".gz", StringComparison.Ordinal) && !name.EndsWith(".parquet", StringComparison.Ordinal) && !name.EndsWith(".arrow", StringComparison.Ordinal))
        {
            File.WriteAllBytes(path, text);
        }

        Ended ended = model.Predict(path);
        Assert.Equal((0, ""), (ended.Code, ended.Error));
        Assert.Equal(["score", .. model.Scores[..Rows]], ended.Lines);
    }

    [Fact]
    public void Several_files_are_scored_in_the_order_of_their_numbers()
    {
        for (int part = 9; part < 12; part++)
        {
            model.Write($"part_{part}.csv", model.Header + "\n" + string.Join('\n', model.Lines[(part * 10)..((part * 10) + 10)]) + "\n");
        }

        Assert.Equal(["score", .. model.Scores[90..120]], model.Predict(model["part_*.csv"]).Lines);
        Assert.Equal(
            [model.Header + ",score", .. model.Lines[90..120].Zip(model.Scores[90..120], (line, score) => $"{line},{score}")],
            model.Predict(model["part_*.csv"], "--append").Lines);
    }

    [Fact]
    public void Rows_can_be_passed_through_as_they_stand_or_by_column()
    {
        string file = model.Write("quotes.csv", model.Header + ",note\n" + model.Lines[0] + ",\"a, \"\"b\"\"\"\n" + model.Lines[1] + ",\n");
        Assert.Equal(
            [model.Header + ",note,p", model.Lines[0] + ",\"a, \"\"b\"\"\"," + model.Scores[0], model.Lines[1] + ",," + model.Scores[1]],
            model.Predict(file, "--append", "--score-column=p").Lines);
        Assert.Equal(
            ["note,income,score", $"\"a, \"\"b\"\"\",<=50K,{model.Scores[0]}", $",<=50K,{model.Scores[1]}"],
            model.Predict(file, "--id-columns=note,income").Lines);
        Assert.Equal(
            [$$"""{"note":"a, \"b\"","score":{{model.Scores[0]}}}""", $$"""{"note":"","score":{{model.Scores[1]}}}"""],
            model.Predict(file, "--id-columns=note", "--output-format=jsonl").Lines);

        JsonObject row = model.Json(0);
        row["id"] = 17;
        string json = model.Write("ids.jsonl", row.ToJsonString() + "\n{}\n");
        Ended appended = model.Predict(json, "--append");
        Assert.Equal(row.ToJsonString()[..^1] + $",\"score\":{model.Scores[0]}}}", appended.Lines[0]);
        Assert.StartsWith("{\"score\":0.", appended.Lines[1], StringComparison.Ordinal);
        Assert.Equal($"17,{model.Scores[0]}", model.Predict(json, "--id-columns=id").Lines[1]);
        Assert.Equal($$"""{"id":17,"score":{{model.Scores[0]}}}""", model.Predict(json, "--id-columns=id", "--output-format=jsonl").Lines[0]);
    }

    [Fact]
    public async Task Scores_are_written_in_the_format_of_the_files_name()
    {
        string file = model.Write("few.csv", model.Header + "\n" + string.Join('\n', model.Lines[..3]) + "\nbad\n");
        string[] options = [file, "--id-columns=age", "--on-bad-row=null"];
        Ended ended = model.Predict([.. options, $"--output={model["out.arrow"]}"]);
        Assert.Equal("", ended.Out);
        using (FileStream stream = File.OpenRead(model["out.arrow"]))
        {
            using var reader = new ArrowFileReader(stream);
            using RecordBatch rows = reader.ReadNextRecordBatch();
            Assert.Equal(model.Scores[0], ((FloatArray)rows.Column("score")).GetValue(0)!.Value.ToString(CultureInfo.InvariantCulture));
            Assert.Null(((FloatArray)rows.Column("score")).GetValue(3));
            Assert.Equal(model.Lines[1].Split(',')[0], ((StringArray)rows.Column("age")).GetString(1));
        }

        model.Predict([.. options, $"--output={model["out.parquet"]}"]);
        await using (ParquetReader reader = await ParquetReader.CreateAsync(model["out.parquet"], cancellationToken: TestContext.Current.CancellationToken))
        {
            Assert.Equal(["age", "score"], reader.Schema.GetDataFields().Select(field => field.Name));
        }

        model.Predict([.. options, $"--output={model["out.tsv.gz"]}"]);
        using var text = new StreamReader(new GZipStream(File.OpenRead(model["out.tsv.gz"]), CompressionMode.Decompress));
        string[] lines = (await text.ReadToEndAsync(TestContext.Current.CancellationToken)).TrimEnd('\n').Split('\n');
        Assert.Equal(["age\tscore", $"{model.Lines[0].Split(',')[0]}\t{model.Scores[0]}"], lines[..2]);
        Assert.Equal("\t", lines[4]);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(file)!, "*.partial"));
    }

    [Theory]
    [InlineData("x,1,1,1,1,1,a,b,c,d,e,f,g,h,<=50K", "line 3, column 1 (age): 'x' is not a number.")]
    [InlineData("1,2,3", "line 3: '1,2,3' has 3 fields, the header has 15.")]
    [InlineData("", "line 3: '' is an empty line.")]
    public void A_bad_row_is_named_or_has_no_score(string row, string problem)
    {
        string file = model.Write("bad.csv", $"{model.Header}\n{model.Lines[0]}\n{row}\n{model.Lines[1]}\n");
        Ended refused = model.Predict(file, $"--output={model["none.csv"]}");
        Assert.Equal(1, refused.Code);
        Assert.Equal($"dlrm predict: {file}: {problem} Correct the row, or pass --on-bad-row=null to leave its score empty.\n", refused.Error);
        Assert.False(File.Exists(model["none.csv"]));

        Ended scored = model.Predict(file, "--on-bad-row=null");
        Assert.Equal(["score", model.Scores[0], "", model.Scores[1]], scored.Out.TrimEnd('\n').Split('\n'));
        Assert.Equal($"No score: {file}: {problem}\n", scored.Error);
    }

    [Theory]
    [InlineData("{\"age\":\"x\"}", "line 2, field age: 'x' is not a number.")]
    [InlineData("{\"age\":1", "is not JSON")]
    [InlineData("{\"age\":1}}", "line 2: '}' stands behind the object.")]
    [InlineData("[1]", "is not a JSON object of raw values by name")]
    public void A_bad_JSON_line_is_named_or_has_no_score(string row, string problem)
    {
        string file = model.Write("bad.jsonl", $"{model.Json(0).ToJsonString()}\n{row}\n{model.Json(1).ToJsonString()}\n");
        Ended refused = model.Predict(file);
        Assert.Contains(problem, refused.Error, StringComparison.Ordinal);
        Assert.Contains("line 2", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["score", model.Scores[0], "", model.Scores[1]], model.Predict(file, "--on-bad-row=null").Lines);
    }

    [Fact]
    public void Of_many_bad_rows_each_keeps_its_place_and_a_few_are_told()
    {
        // More rows than fit a block of text, so that the places count across blocks and workers.
        string[] lines = [.. Enumerable.Range(0, 6000).Select(row => row % 7 == 3 ? "bad" : model.Lines[row])];
        string file = model.Write("many.csv", model.Header + "\n" + string.Join('\n', lines) + "\n");
        Ended ended = model.Predict(file, "--on-bad-row=null", "--num-threads=3");
        Assert.Equal(Enumerable.Range(0, 6000).Select(row => row % 7 == 3 ? "" : model.Scores[row]), ended.Out[..^1].Split('\n')[1..]);
        Assert.Equal(5, ended.Error.Split("No score: ").Length - 1);

        lines[5999] = "bad";
        File.WriteAllText(file, model.Header + "\n" + string.Join('\n', lines.Select((line, row) => row < 5990 && line == "bad" ? model.Lines[row] : line)) + "\n");
        Assert.Contains("line 5997: 'bad' has 1 field,", model.Predict(file, "--num-threads=3").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "No model is named", "rows.csv")]
    [InlineData(2, "Which rows?", "--load-model=x")]
    [InlineData(2, "--append writes all columns before the score, --id-columns some", "rows.csv", "--load-model=x", "--append", "--id-columns=a")]
    [InlineData(2, "--append writes rows as they stand", "rows.csv", "--load-model=x", "--append", "--output=a.parquet")]
    [InlineData(2, "needs a file that is not packed", "rows.csv", "--load-model=x", "--output-format=arrow")]
    public void What_cannot_be_is_said_before_a_model_is_read(int code, string message, params string[] arguments)
    {
        Ended ended = ToolRunner.Run(["predict", .. arguments]);
        Assert.Equal(code, ended.Code);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_column_of_the_model_is_refused()
    {
        Ended ended = model.Predict(model.Write("short.csv", "age,sex\n1,Male\n"));
        Assert.Contains("has no column 'fnlwgt', the model's feature; its columns are age, sex.", ended.Error, StringComparison.Ordinal);
        Ended label = model.Predict(model.Write("unlabelled.csv", model.Header.Replace(",income", "", StringComparison.Ordinal) + "\n"), "--metrics");
        Assert.Contains("has no column 'income', the label, which metrics need,", label.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_random_data_says_what_it_lacks()
    {
        using ScratchFolder folder = ScratchFolder.InMemory();
        ToolRunner.Run(["train", .. ToolRunner.Readme, $"--output-dir={folder["run"]}", "--quiet"]);
        Ended ended = ToolRunner.Run("predict", model.Rows, $"--load-model={folder["run"]}");
        Assert.Equal(1, ended.Code);
        Assert.Contains("holds no dataset.json", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Criteos_text_is_scored_with_and_without_labels()
    {
        using ScratchFolder folder = ScratchFolder.InMemory();
        ToolRunner.Run("generate", "--rows=3000", "--table-rows=100", $"--output={folder["train.txt"]}", "--quiet");
        Ended trained = ToolRunner.Run(
            "train", "--data-generation=dataset", $"--raw-data-file={folder["train.txt"]}", "--arch-sparse-feature-size=4", "--arch-mlp-bot=13-8-4",
            "--arch-mlp-top=8-1", "--loss-function=bce", "--mini-batch-size=100", "--num-batches=8", "--quiet", "--data-sub-sample-rate=0.5",
            $"--output-dir={folder["run"]}");
        Assert.Equal(0, trained.Code);
        string[] arguments = [$"--load-model={folder["run"]}", "--quiet", "--prior-correction=false"];
        string[] scores = ToolRunner.Run(["predict", folder["train.txt"], .. arguments, "--metrics"]).Lines;
        Assert.Equal(3001, scores.Length);

        string[] lines = File.ReadAllLines(folder["train.txt"]);
        File.WriteAllLines(folder["test.txt"], lines.Select(line => line[2..]));
        Assert.Equal(scores, ToolRunner.Run(["predict", folder["test.txt"], .. arguments]).Lines);

        Ended corrected = ToolRunner.Run("predict", folder["test.txt"], $"--load-model={folder["run"]}");
        Assert.Contains("Prior corrected: the model was trained with 50 % of the negatives", corrected.Error, StringComparison.Ordinal);
        Assert.All(corrected.Lines[1..].Zip(scores[1..]), pair => Assert.True(Single(pair.First) < Single(pair.Second)));
    }

    [Fact]
    public void The_summary_says_how_fast_it_was()
    {
        Ended ended = ToolRunner.Run("predict", model.Rows, $"--load-model={model.Run}", $"--output={model["x.csv"]}");
        Assert.Matches(@"^6,513 rows in \d+\.\d\d s, [\d,]+ rows/s", ended.Error.Split('\n')[^2]);
    }

    private static float Single(string text) => float.Parse(text, CultureInfo.InvariantCulture);

    private async Task WriteParquet(string path, int rows)
    {
        string[] names = model.Header.Split(',');
        var fields = names.Select((name, column) => column < 6 ? (Parquet.Schema.DataField)new Parquet.Schema.DataField<long>(name) : new Parquet.Schema.DataField<string>(name)).ToArray();
        await using FileStream file = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new Parquet.Schema.ParquetSchema(fields), file);
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        for (int column = 0; column < names.Length; column++)
        {
            string[] cells = [.. Enumerable.Range(0, rows).Select(row => model.Lines[row].Split(',')[column])];
            if (column < 6)
            {
                await group.WriteAsync<long>(fields[column], cells.Select(cell => long.Parse(cell, CultureInfo.InvariantCulture)).ToArray());
            }
            else
            {
                await group.WriteAsync(fields[column], cells);
            }
        }
    }

    private void WriteArrow(string path, int rows)
    {
        string[] names = model.Header.Split(',');
        var batch = new RecordBatch.Builder();
        for (int column = 0; column < names.Length; column++)
        {
            string[] cells = [.. Enumerable.Range(0, rows).Select(row => model.Lines[row].Split(',')[column])];
            IArrowArray array = column < 6
                ? new DoubleArray.Builder().AppendRange(cells.Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))).Build()
                : new StringArray.Builder().AppendRange(cells).Build();
            batch.Append(names[column], true, array);
        }

        using RecordBatch built = batch.Build();
        using FileStream file = File.Create(path);
        using var writer = new ArrowFileWriter(file, built.Schema);
        writer.WriteRecordBatch(built);
        writer.WriteEnd();
    }
}
