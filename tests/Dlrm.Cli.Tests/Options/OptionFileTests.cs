using Dlrm.Cli.Options;
using Xunit;

namespace Dlrm.Cli.Tests.Options;

public sealed class OptionFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void The_command_line_wins_over_the_file_and_the_file_over_defaults()
    {
        File.WriteAllText(
            _path,
            """
            {
              "mini-batch-size": 128, "learning-rate": 0.1, "round-targets": true, // a comment
              "arch-mlp-bot": "13-64-16", "arch-mlp-top": [32, 1], "--loss-weights": [1.0, 3.5], "loss_function": "bce",
            }
            """);
        OptionValues values = CommandLineTests.Parse("--learning-rate=0.5", $"--config={_path}");
        Assert.Equal(128, values.Get(TrainOptions.BatchSize));
        Assert.Equal(0.5, values.Get(TrainOptions.LearningRate));
        Assert.True(values.Get(ModelOptions.RoundTargets));
        Assert.Equal([13, 64, 16], values.Get(ModelOptions.BottomMlp));
        Assert.Equal([32, 1], values.Get(ModelOptions.TopMlp));
        Assert.Equal([1.0, 3.5], values.Get(ModelOptions.LossWeights));
        Assert.Equal("bce", values.Get(ModelOptions.Loss));
        Assert.Equal(1, values.Get(TrainOptions.Epochs));
        Assert.True(values.IsGiven(TrainOptions.BatchSize));
        Assert.False(values.IsGiven(TrainOptions.Epochs));
    }

    [Fact]
    public void A_preset_lies_below_what_is_given()
    {
        File.WriteAllText(_path, """{"nepochs": 4}""");
        OptionValues values = CommandLineTests.Parse("--learning-rate=0.5", $"--config={_path}").WithPreset(
            new Dictionary<ToolOption, object>
            {
                [TrainOptions.Epochs] = 2L,
                [TrainOptions.LearningRate] = 0.2,
                [TrainOptions.BatchSize] = 64L,
            });
        Assert.Equal(4, values.Get(TrainOptions.Epochs));
        Assert.Equal(0.5, values.Get(TrainOptions.LearningRate));
        Assert.Equal(64, values.Get(TrainOptions.BatchSize));
        Assert.False(values.IsGiven(TrainOptions.BatchSize));
    }

    [Theory]
    [InlineData("""{"mini-batch-szie": 1}""", "'mini-batch-szie' is not an option; did you mean 'mini-batch-size'?")]
    [InlineData("""{"mini-batch-size": "many"}""", "--mini-batch-size=many: expected a whole number, 1 or more.")]
    [InlineData("""{"use-gpu": true}""", "--use-gpu is not in this version yet. Leave it out: computing is on the processor.")]
    [InlineData("[1]", "expected an object such as {\"mini-batch-size\": 128}.")]
    public void What_the_file_has_wrong_is_told(string json, string message)
    {
        File.WriteAllText(_path, json);
        var error = Assert.Throws<UsageException>(() => CommandLineTests.Parse($"--config={_path}"));
        Assert.Equal($"--config={_path}: {message}", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_JSON_or_is_not_there_is_told()
    {
        File.WriteAllText(_path, "{");
        var error = Assert.Throws<UsageException>(() => CommandLineTests.Parse($"--config={_path}"));
        Assert.StartsWith($"--config={_path} is not valid JSON: ", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<UsageException>(() => CommandLineTests.Parse($"--config={_path}.none"));
        Assert.StartsWith($"--config={_path}.none cannot be read: ", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_path);
}
