using System.Globalization;
using System.Text;
using System.Text.Json;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary>Runs on files in Criteo's format, made here.</summary>
public sealed class CriteoRunTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void A_file_is_trained_on_and_its_model_evaluated()
    {
        Write("train.txt", Lines(210));
        Ended ended = Train("train.txt", "out", "--test-freq=100");
        Assert.Equal(ExitCode.Done, ended.Code);
        JsonElement config = JsonDocument.Parse(File.ReadAllText(_scratch["out/config.json"])).RootElement;
        Assert.Equal(210, config.GetProperty("data").GetProperty("rows_read").GetInt32());
        Assert.Equal(16, config.GetProperty("data").GetProperty("xxhash3").GetString()!.Length);
        Ended evaluated = ToolRunner.Run("evaluate", _scratch["out"], "--format=json");
        Assert.Equal(15, JsonDocument.Parse(evaluated.Out).RootElement.GetProperty("samples").GetInt32());
    }

    [Fact]
    public void A_model_is_not_used_with_another_file()
    {
        Write("train.txt", Lines(210));
        Write("other.txt", Lines(210) + Lines(1));
        Assert.Equal(ExitCode.Done, Train("train.txt", "out").Code);
        Ended ended = ToolRunner.Run("evaluate", _scratch["out"], $"--raw-data-file={_scratch["other.txt"]}");
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains("is not the file that", ended.Error, StringComparison.Ordinal);
        File.Move(_scratch["train.txt"], _scratch["moved.txt"]);
        Assert.Equal(
            ExitCode.Done, ToolRunner.Run("evaluate", _scratch["out"], $"--raw-data-file={_scratch["moved.txt"]}").Code);
    }

    [Fact]
    public void A_bad_line_ends_the_run_with_its_place_or_is_left_out()
    {
        string[] lines = Lines(210).TrimEnd('\n').Split('\n');
        lines[99] = "x" + lines[99][1..];
        Write("bad.txt", string.Join('\n', lines) + "\n");
        Ended ended = Train("bad.txt", "out");
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("bad.txt line 100, column 1 (label): 'x' is not a label", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch["out"]));
        ended = Train("bad.txt", "out", "--on-bad-line=skip");
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Contains("left out", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_data_overrule_is_named()
    {
        Write("train.txt", Lines(210));
        Ended ended = Train("train.txt", "out", "--arch-mlp-bot=4-8-4", "--arch-embedding-size=9-9");
        Assert.Contains("13 is used", ended.Error, StringComparison.Ordinal);
        Assert.Contains("--arch-embedding-size has no effect", ended.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _scratch.Dispose();

    private static string Lines(int rows)
    {
        var text = new StringBuilder();
        for (int row = 0; row < rows; row++)
        {
            text.Append(row % 3 == 0 ? '1' : '0');
            for (int column = 0; column < 13; column++)
            {
                text.Append(CultureInfo.InvariantCulture, $"\t{(row * (column + 7)) % 23}");
            }

            for (int column = 0; column < 26; column++)
            {
                text.Append(CultureInfo.InvariantCulture, $"\t{(row * (column + 3)) % 11:x8}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private void Write(string name, string text) => File.WriteAllText(_scratch[name], text);

    private Ended Train(string file, string output, params string[] more) => ToolRunner.Run(
    [
        "train", "--data-generation=dataset", "--data-set=kaggle", $"--raw-data-file={_scratch[file]}",
        "--arch-sparse-feature-size=4", "--arch-mlp-bot=13-8-4", "--arch-mlp-top=8-1", "--loss-function=bce",
        "--mini-batch-size=16", "--print-freq=100", "--num-threads=1", $"--output-dir={_scratch[output]}", .. more,
    ]);
}
