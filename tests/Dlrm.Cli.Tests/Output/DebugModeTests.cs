using System.Text.Json;
using Dlrm.Cli.Output;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

public class DebugModeTests
{
    public static TheoryData<int> Arrays => [.. Enumerable.Range(0, Cases().GetArrayLength())];

    /// <summary>
    /// The golden is the output of the reference's dlrm_s_pytorch.py with --debug-mode --mini-batch-size=2 --data-size=6
    /// --print-freq=1 (PyTorch 1.13, numpy 1.24).
    /// </summary>
    [Fact]
    public void Debug_mode_prints_what_the_reference_prints_to_the_character()
    {
        using var folder = new ScratchFolder();
        Ended run = ToolRunner.Run(["train", .. ToolRunner.Readme, "--debug-mode", $"--output-dir={folder["run"]}"]);
        Assert.Equal(0, run.Code);
        Assert.Equal(File.ReadAllText(Path.Combine(Repository.Root, "tests/Dlrm.Cli.Tests/Golden/debug-mode.txt")), run.Out);
    }

    [Fact]
    public void A_test_pass_prints_the_parameters_once()
    {
        using var folder = new ScratchFolder();
        Ended run = ToolRunner.Run(
            ["train", .. ToolRunner.Readme, "--debug-mode", "--inference-only", $"--output-dir={folder["run"]}"]);
        Assert.Equal(0, run.Code);
        string[] expected = File.ReadAllLines(Path.Combine(Repository.Root, "tests/Dlrm.Cli.Tests/Golden/debug-mode.txt"));
        int training = Array.IndexOf(expected, "time/loss/accuracy (if enabled):");
        Assert.Equal(expected[1..training], run.Lines[..(training - 1)]);
        Assert.DoesNotContain("updated parameters (weights and bias):", run.Lines);
    }

    /// <summary>numpy-text.json: arrays and str() of them from numpy 1.24 with set_printoptions(precision=...).</summary>
    [Theory]
    [MemberData(nameof(Arrays))]
    public void Arrays_are_written_as_numpy_writes_them(int number)
    {
        JsonElement test = Cases()[number];
        float[] values = test.GetProperty("values").Deserialize<float[]>()!;
        int[] shape = test.GetProperty("shape").Deserialize<int[]>()!;
        string text = NumpyText.Floats(place => values[place], shape, test.GetProperty("precision").GetInt32());
        Assert.Equal(test.GetProperty("text").GetString(), text);
    }

    [Fact]
    public void The_middle_of_a_large_array_is_left_out()
    {
        Assert.Equal("[0. 0. 0. ... 0. 0. 0.]", NumpyText.Floats(_ => 0, [1001], 5));
        Assert.Equal("tensor([0, 1, 2,  ..., 0, 1, 2])", TorchText.Vector([.. Enumerable.Range(0, 1002).Select(i => i % 3)]));
        Assert.Equal("tensor([], dtype=torch.int64)", TorchText.Vector([]));
    }

    private static JsonElement Cases()
    {
        string path = Path.Combine(Repository.Root, "tests/Dlrm.Cli.Tests/Output/numpy-text.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }
}
