using System.Text.Json;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public class InspectCommandTests
{
    [Fact]
    public void A_model_that_options_name_is_described()
    {
        Ended ended = ToolRunner.Run(
            "inspect", "--format=json", "--arch-embedding-size=100-50", "--arch-sparse-feature-size=8", "--arch-mlp-bot=5-16-8",
            "--arch-mlp-top=4-1");
        Assert.Equal(ExitCode.Done, ended.Code);
        JsonElement json = JsonDocument.Parse(ended.Out).RootElement;
        int towers = (6 * 16) + (17 * 8) + (12 * 4) + 5; // dot of 3 features: 8 + 3 = 11 inputs
        Assert.Equal(11, json.GetProperty("top_inputs").GetInt32());
        Assert.Equal((150 * 8) + towers, json.GetProperty("parameters").GetInt32());
        Assert.Equal(2 * ((5 * 16) + (16 * 8) + (11 * 4) + 4), json.GetProperty("flops_forward_per_sample").GetInt32());
        Assert.Equal(["bot_l.0", "bot_l.2", "top_l.0", "top_l.2"], json.GetProperty("layers").EnumerateArray().Select(l => l.GetProperty("name").GetString()));
    }

    [Fact]
    public void A_data_set_is_described_with_the_model_for_it()
    {
        Ended ended = ToolRunner.Run(
            "inspect", "--data-generation=sample", "--format=json", "--arch-mlp-bot=6-8-2", "--arch-mlp-top=4-1");
        JsonElement json = JsonDocument.Parse(ended.Out).RootElement;
        Assert.Equal(26_048, json.GetProperty("data").GetProperty("train_samples").GetInt64());
        Assert.Equal(6_513, json.GetProperty("data").GetProperty("test_samples").GetInt64());
        Assert.Equal(8, json.GetProperty("config").GetProperty("tableRows").GetArrayLength());
        Assert.Contains("label rate", ToolRunner.Run("inspect", "--data-generation=sample").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_saved_model_is_described_and_a_damaged_one_refused()
    {
        using var scratch = new ScratchFolder();
        ToolRunner.Run(["train", .. ToolRunner.Readme, $"--output-dir={scratch["run"]}"]);
        Ended ended = ToolRunner.Run("inspect", scratch["run"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Contains("saved after step 3; every file matches its hash", ended.Out, StringComparison.Ordinal);
        Assert.Contains("emb_l.2", ended.Out, StringComparison.Ordinal);
        string file = scratch["run/model/model.safetensors"];
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        ended = ToolRunner.Run("inspect", scratch["run"]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("model.safetensors", ended.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, ToolRunner.Run("inspect", scratch["none"]).Code);
    }
}
