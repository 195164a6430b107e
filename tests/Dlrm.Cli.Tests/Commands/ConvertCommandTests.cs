using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class ConvertCommandTests
{
    [Fact]
    public void A_data_set_goes_to_the_binary_form_trains_from_there_and_comes_back()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(0, ToolRunner.Run("generate", "--rows=700", "--table-rows=50", "--output=" + folder["made"]).Code);
        Ended written = ToolRunner.Run("convert", folder["made"], "--format=bin", "--output=" + folder["old"]);
        Assert.True(written.Code == 0, written.Error);
        Assert.Contains("terabyte_processed_train.bin, terabyte_processed_test.bin, terabyte_processed_val.bin, day_fea_count.npz", written.Out, StringComparison.Ordinal);
        string[] model =
        [
            "train", "--data-generation=dataset", "--arch-sparse-feature-size=2", "--arch-mlp-bot=13-2", "--arch-mlp-top=4-1",
            "--loss-function=bce", "--mini-batch-size=100", "--num-threads=1", "--print-freq=1", "--data-randomize=none",
        ];
        string[] binary = ["--data-set=terabyte", "--mlperf-bin-loader", "--processed-data-file=" + Path.Combine(folder["old"], "terabyte_processed.npz"), "--raw-data-file=" + Path.Combine(folder["old"], "day")];
        Ended fromBinary = ToolRunner.Run([.. model, .. binary, "--output-dir=" + folder["one"]]);
        Assert.True(fromBinary.Code == 0, fromBinary.Error);
        Ended fromFolder = ToolRunner.Run([.. model, "--data-set=" + folder["made"], "--output-dir=" + folder["two"]]);
        Assert.True(fromFolder.Code == 0, fromFolder.Error);
        Assert.Equal(Losses(folder["two"]), Losses(folder["one"]));
        Ended shuffled = ToolRunner.Run([.. model, .. binary, "--mlperf-bin-shuffle", "--output-dir=" + folder["three"]]);
        Assert.True(shuffled.Code == 0, shuffled.Error);
        Assert.NotEqual(Losses(folder["three"]), Losses(folder["one"]));
        Ended back = ToolRunner.Run(
            "convert", Path.Combine(folder["old"], "terabyte_processed_train.bin"), Path.Combine(folder["old"], "terabyte_processed_test.bin"), "--output=" + folder["back"]);
        Assert.True(back.Code == 0, back.Error);
        Assert.Contains("600 rows", back.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var folder = new ScratchFolder();
        Assert.Contains("What, and where to?", ToolRunner.Run("convert", "x").Error, StringComparison.Ordinal);
        Assert.Contains("which x.npz is not", ToolRunner.Run("convert", "x.npz", "--format=bin", "--output=" + folder["y"]).Error, StringComparison.Ordinal);
        Ended alone = ToolRunner.Run("train", "--data-generation=dataset", "--data-set=terabyte", "--mlperf-bin-shuffle");
        Assert.Equal(2, alone.Code);
        Assert.Contains("--mlperf-bin-loader reads: add it", alone.Error, StringComparison.Ordinal);
        Ended missing = ToolRunner.Run(
            "train", "--data-generation=dataset", "--data-set=terabyte", "--mlperf-bin-loader", "--processed-data-file=" + folder["p"], "--raw-data-file=" + folder["day"]);
        Assert.Equal(2, missing.Code);
        Assert.Contains("p_train.bin", missing.Error, StringComparison.Ordinal);
    }

    private static string[] Losses(string run) =>
        [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Where(line => line.Contains("\"train\"", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf("\"loss\"", StringComparison.Ordinal)..].Split(',')[0])];
}
