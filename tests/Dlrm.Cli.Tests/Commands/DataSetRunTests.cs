using System.Globalization;
using System.Text;
using System.Text.Json;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Tests.Running;
using Dlrm.Data.Folders;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary>From a person's own table to a model: docs/data.md's three commands.</summary>
public sealed class DataSetRunTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void Three_commands_lead_from_adults_csv_to_a_model()
    {
        using (Stream packed = typeof(DataSetFolder).Assembly.GetManifestResourceStream("Dlrm.Data.Adult.adult.csv.gz")!)
        using (FileStream file = File.Create(_scratch["adult.csv.gz"]))
        {
            packed.CopyTo(file);
        }

        Ended made = ToolRunner.Run(
            "preprocess", _scratch["adult.csv.gz"], $"--output={_scratch["adult"]}", "--label=income", "--positive=>50K",
            "--dense=age,fnlwgt,education_num,capital_gain,capital_loss,hours_per_week", "--dense-transform=log1p-standardize",
            "--sparse=workclass,education,marital_status,occupation,relationship,race,sex,native_country", "--min-frequency=4", "--quiet");
        Assert.Equal("", made.Error);
        Assert.Contains("26,048 rows, label rate 23.96 %", made.Out, StringComparison.Ordinal);
        Ended trained = ToolRunner.Run(
            "train", "--data-generation=dataset", $"--data-set={_scratch["adult"]}", "--arch-sparse-feature-size=8",
            "--arch-mlp-bot=6-32-8", "--arch-mlp-top=32-1", "--loss-function=bce", "--optimizer=adagrad", "--learning-rate=0.02",
            "--mini-batch-size=256", "--nepochs=2", "--test-freq=200", $"--output-dir={_scratch["run"]}");
        Assert.Equal(ExitCode.Done, trained.Code);
        Ended evaluated = ToolRunner.Run("evaluate", _scratch["run"], "--format=json");
        JsonElement metrics = JsonDocument.Parse(evaluated.Out).RootElement;
        Assert.Equal(6513, metrics.GetProperty("samples").GetInt32());

        // Better than the anchor of a DLRM on Adult, 0.890, which is without standardizing.
        Assert.InRange(metrics.GetProperty("auc").GetDouble(), 0.895, 0.93);
        Assert.True(File.Exists(_scratch["run/model/dataset.json"]));
        Assert.True(File.Exists(_scratch["run/model/vocabulary-007.arrow"]));
        Ended inspected = ToolRunner.Run("inspect", _scratch["adult"], "--head=1", "--verify=full");
        Assert.Contains("0\t39\t77516\t13\t2174\t0\t40\tState-gov\tBachelors\tNever-married\tAdm-clerical", inspected.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_contradicts_the_folder_is_refused_with_both_sides()
    {
        Make();
        (string Option, string Message)[] cases =
        [
            ("--arch-mlp-bot=5-2", "begins with 5, but"),
            ("--arch-embedding-size=3-3", "has tables of 5-"),
            ("--max-ind-range=10", "was made with none"),
            ("--data-sub-sample-rate=0.5", "was made with 0"),
            ("--data-randomize=day", "has no days"),
            ("--data-set-split=night", "has no such part; it has train (80 rows), test (20 rows)"),
            ("--raw-data-file=x.txt", "is a folder, and --raw-data-file=x.txt another source"),
            ("--data-generation=random", "--data-generation=random would not read it"),
        ];
        foreach ((string option, string message) in cases)
        {
            Ended ended = Train(option);
            Assert.Equal(ExitCode.BadUsage, ended.Code);
            Assert.Contains(message, ended.Error, StringComparison.Ordinal);
        }

        Assert.Contains("there is no such folder", ToolRunner.Run("train", "--data-generation=dataset", "--data-set=nowhere").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_criteos_rows_trains_as_the_raw_file_does()
    {
        File.WriteAllText(_scratch["train.txt"], CriteoLines(700));
        string[] options =
        [
            "--arch-sparse-feature-size=4", "--arch-mlp-bot=13-8-4", "--arch-mlp-top=8-1", "--mini-batch-size=32", "--print-freq=1",
            "--data-sub-sample-rate=0.4", "--numpy-rand-seed=11", "--test-freq=10", "--data-generation=dataset",
        ];
        Assert.Equal(
            ExitCode.Done,
            ToolRunner.Run("preprocess", _scratch["train.txt"], "--preset=criteo-kaggle", $"--output={_scratch["kaggle"]}", "--data-sub-sample-rate=0.4", "--numpy-rand-seed=11").Code);
        foreach (string randomize in new[] { "total", "day", "none" })
        {
            foreach (string map in new[] { "false", "true" })
            {
                Ended raw = ToolRunner.Run([
                    "train", .. options, $"--raw-data-file={_scratch["train.txt"]}", $"--data-randomize={randomize}",
                    $"--memory-map={map}", $"--output-dir={_scratch["raw"]}"]);
                Ended folder = ToolRunner.Run([
                    "train", .. options, $"--data-set={_scratch["kaggle"]}", $"--data-randomize={randomize}", $"--memory-map={map}",
                    $"--output-dir={_scratch["folder"]}"]);
                Assert.Equal(ExitCode.Done, folder.Code);
                Assert.Equal(raw.Out, folder.Out);
            }
        }

        Ended shuffled = ToolRunner.Run([
            "train", .. options, $"--data-set={_scratch["kaggle"]}", "--shuffle-buffer=64", $"--output-dir={_scratch["block"]}"]);
        Assert.Equal(ExitCode.Done, shuffled.Code);
    }

    [Fact]
    public void Scores_of_a_model_that_saw_half_the_negatives_are_corrected()
    {
        // Positives are never dropped: each value stands in one of the first rows, so both folders number them alike.
        string all = string.Concat(Enumerable.Range(0, 31).Select(value =>
            "1" + new string('\t', 13) + string.Concat(Enumerable.Repeat(value == 30 ? "\t" : $"\t{value:x8}", 26)) + "\n"));
        File.WriteAllText(_scratch["train.txt"], all + CriteoLines(3000));
        foreach (string rate in new[] { "0", "0.5" })
        {
            ToolRunner.Run("preprocess", _scratch["train.txt"], "--preset=criteo-kaggle", $"--output={_scratch["set" + rate]}", $"--data-sub-sample-rate={rate}");
        }

        Assert.Equal(ExitCode.Done, ToolRunner.Run(
            "train", "--data-generation=dataset", $"--data-set={_scratch["set0.5"]}", "--arch-sparse-feature-size=2", "--arch-mlp-bot=13-2",
            "--arch-mlp-top=4-1", "--loss-function=bce", "--mini-batch-size=32", "--learning-rate=0.05", $"--output-dir={_scratch["run"]}").Code);
        Ended same = ToolRunner.Run("evaluate", _scratch["run"], "--format=json");
        Assert.DoesNotContain("Prior corrected", same.Error, StringComparison.Ordinal);
        Assert.Contains("trained with 50 % of the negatives, and these data have as many", same.Error, StringComparison.Ordinal);
        Ended corrected = ToolRunner.Run("evaluate", _scratch["run"], $"--data-set={_scratch["set0"]}", "--format=json");
        Ended plain = ToolRunner.Run("evaluate", _scratch["run"], $"--data-set={_scratch["set0"]}", "--format=json", "--prior-correction=false");
        Assert.Contains("logits are shifted by -0.6931", corrected.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Prior corrected", plain.Error, StringComparison.Ordinal);

        // Odds halve: scores about 0.4 become about 0.25.
        Assert.InRange(Calibration(corrected) / Calibration(plain), 0.5, 0.75);

        static double Calibration(Ended ended) => JsonDocument.Parse(ended.Out).RootElement.GetProperty("calibration").GetDouble();
    }

    [Fact]
    public void Several_parts_are_tested_one_after_the_other()
    {
        Make("--split=fraction:0.6,0.2");
        Assert.Equal(ExitCode.Done, Train($"--output-dir={_scratch["run"]}").Code);
        Ended ended = ToolRunner.Run("evaluate", _scratch["run"], "--data-set-split=test,validation,train");
        Assert.Contains("test part: 20 samples", ended.Out, StringComparison.Ordinal);
        Assert.Contains("validation part: 20 samples", ended.Out, StringComparison.Ordinal);
        Assert.Contains("train part: 60 samples", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_parts_are_tested_while_the_model_is_trained()
    {
        Make("--split=fraction:0.6,0.2,0.2");
        string[] options = ["--mini-batch-size=10", "--test-freq=3", "--nepochs=2", "--loss-function=bce"];
        Ended one = Train([.. options, $"--output-dir={_scratch["one"]}"]);
        Ended both = Train([.. options, "--data-set-split=test,validation", $"--output-dir={_scratch["both"]}"]);
        Assert.Equal(one.Out, both.Out);
        Assert.Contains("On the validation part, step 12, 20 samples:", both.Error, StringComparison.Ordinal);

        // The further part changes nothing about the run, and its numbers are those of evaluate.
        string[] lines = MetricsComparison.Lines(_scratch["both/metrics.jsonl"]);
        Assert.Equal(MetricsComparison.Lines(_scratch["one/metrics.jsonl"]), lines.Where(line => !line.Contains("eval_part", StringComparison.Ordinal))
            .Select(line => line.Replace("\"part\":\"test\",", "", StringComparison.Ordinal)));
        JsonElement[] parts = [.. lines.Where(line => line.Contains("eval_part", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([3, 6, 9, 12], parts.Select(part => part.GetProperty("step").GetInt32()));
        JsonElement[] evaluated =
        [
            .. ToolRunner.Run("evaluate", _scratch["both"], "--data-set-split=test,validation", "--format=json").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement),
        ];
        Assert.Equal(["test", "validation"], evaluated.Select(part => part.GetProperty("part").GetString()));
        Assert.Equal(parts[^1].GetProperty("log_loss").GetDouble(), evaluated[1].GetProperty("log_loss").GetDouble());
        Assert.Contains("<h2>Test sets</h2>", File.ReadAllText(_scratch["both/report.html"]), StringComparison.Ordinal);
        Assert.DoesNotContain("<h2>Test sets</h2>", File.ReadAllText(_scratch["one/report.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_parts_go_on_after_an_interruption_with_the_same_lines_and_report()
    {
        Make("--split=fraction:0.6,0.2,0.2");
        string[] options = ["--mini-batch-size=10", "--test-freq=3", "--nepochs=2", "--loss-function=bce", "--data-set-split=test,validation"];
        Train([.. options, $"--output-dir={_scratch["whole"]}"]);
        Train([.. options, "--checkpoint-every=6", $"--output-dir={_scratch["cut"]}"]);
        string middle = Directory.GetDirectories(_scratch["cut/checkpoints"], "step-*").Single(path => path.EndsWith('6'));
        Ended resumed = ToolRunner.Run("train", $"--resume={middle}");
        Assert.True(resumed.Code == ExitCode.Done, resumed.Error);
        Assert.Equal(MetricsComparison.Lines(_scratch["whole/metrics.jsonl"]), MetricsComparison.Lines(_scratch["cut/metrics.jsonl"]));
        Assert.Equal(Parts("whole"), Parts("cut"));

        string Parts(string run)
        {
            string text = File.ReadAllText(_scratch[run + "/report.html"]);
            int start = text.IndexOf("<h2>Test sets</h2>", StringComparison.Ordinal);
            return text[start..text.IndexOf("</section>", start, StringComparison.Ordinal)];
        }
    }

    [Theory]
    [InlineData("--memory-limit has no effect with --preset=criteo-kaggle", "--preset=criteo-kaggle", "--memory-limit=1GB")]
    [InlineData("--split has no place with --preset=criteo-kaggle", "--preset=criteo-kaggle", "--split=none")]
    [InlineData("--delimiter=a may stand in Criteo's numbers and hashes", "--preset=criteo-kaggle", "--delimiter=a")]
    [InlineData("--max-ind-range is for Criteo's presets", "--label=click", "--sparse=site", "--max-ind-range=10")]
    [InlineData("--data-sub-sample-rate is for Criteo's presets", "--label=click", "--sparse=site", "--data-sub-sample-rate=0.5")]
    public void Options_without_effect_are_refused(string message, params string[] options)
    {
        Ended ended = ToolRunner.Run(["preprocess", Clicks(), $"--output={_scratch["set"]}", .. options]);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_is_guessed_and_then_used()
    {
        string file = Clicks();
        Ended guessed = ToolRunner.Run("preprocess", file, "--infer-schema", $"--schema={_scratch["schema.json"]}");
        Assert.Equal(ExitCode.Done, guessed.Code);
        Assert.Contains("label click", guessed.Out, StringComparison.Ordinal);
        Ended made = ToolRunner.Run("preprocess", file, $"--schema={_scratch["schema.json"]}", $"--output={_scratch["set"]}", "--quiet");
        Assert.Equal("", made.Error);
        DataSetDescription description = DataSetFolder.Describe(_scratch["set"]);
        Assert.Equal(["price"], description.Dense.Select(feature => feature.Name));
        Assert.Equal(["site", "tags"], description.Sparse.Select(feature => feature.Name));
    }

    public void Dispose() => _scratch.Dispose();

    private string Clicks()
    {
        var text = new StringBuilder("click,price,site,tags\n");
        for (int row = 0; row < 100; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row % 3 / 2},{row * 0.25},s{row % 4},a{row % 5}|b{row % 2}\n");
        }

        File.WriteAllText(_scratch["clicks.csv"], text.ToString());
        return _scratch["clicks.csv"];
    }

    private void Make(params string[] options)
    {
        Ended ended = ToolRunner.Run([
            "preprocess", Clicks(), $"--output={_scratch["set"]}", "--label=click", "--dense=price", "--sparse=site,tags",
            "--multi-hot=tags", "--quiet", .. options]);
        Assert.Equal("", ended.Error);
    }

    private Ended Train(params string[] options) => ToolRunner.Run([
        "train", "--data-generation=dataset", $"--data-set={_scratch["set"]}", "--arch-sparse-feature-size=2",
        "--arch-mlp-bot=1-2", "--arch-mlp-top=2-1", .. options]);

    private static string CriteoLines(int rows)
    {
        var random = new System.Random(2);
        var text = new StringBuilder();
        for (int row = 0; row < rows; row++)
        {
            text.Append(random.Next(4) / 3);
            for (int number = 0; number < 13; number++)
            {
                text.Append('\t').Append(random.Next(5) == 0 ? "" : random.Next(100).ToString(CultureInfo.InvariantCulture));
            }

            for (int category = 0; category < 26; category++)
            {
                text.Append('\t').Append(random.Next(8) == 0 ? "" : random.Next(30).ToString("x8", CultureInfo.InvariantCulture));
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
