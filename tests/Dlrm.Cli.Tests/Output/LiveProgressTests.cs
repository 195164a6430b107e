using Dlrm.Cli.Output;
using Dlrm.Training;
using Spectre.Console;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

public class LiveProgressTests
{
    [Fact]
    public void The_status_has_loss_AUC_time_left_and_rate()
    {
        var clock = new SteppedClock();
        var progress = new LiveProgress(Console(80, new StringWriter()), clock);
        Assert.Equal("preparing", progress.Status());
        progress.Started(new TrainingPlan(2, 100, 6400, 0, 0));
        clock.Seconds = 10;
        progress.Stepped(50, 6400);
        progress.Trained(new TrainRecord(50, 50, 100, 0, 0.345678, 1, 0.1, 6400));
        Assert.Equal("loss 0.3457  0:30 left  640 samples/s  epoch 1/2", progress.Status());
        progress.Evaluated(new EvaluationRecord(50, 50, 100, 0, ReferenceLinesTests.Metrics(0.8), 0.5, 0.8, 0.75, true));
        Assert.Equal("loss 0.3457  AUC 0.7500  0:30 left  640 samples/s  epoch 1/2", progress.Status());
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(120)]
    public void It_draws_at_any_width(int width)
    {
        var text = new StringWriter();
        var progress = new LiveProgress(Console(width, text));
        int result = progress.Run(() =>
        {
            progress.Started(new TrainingPlan(1, 3, 6, 0, 0));
            for (int step = 1; step <= 3; step++)
            {
                progress.Stepped(step, step * 2);
            }

            progress.Warned("something");
            progress.Evaluated(new EvaluationRecord(3, 3, 3, 0, ReferenceLinesTests.Metrics(0.8), 0.5, 0.8, 0.75, true));
            return 7;
        });
        Assert.Equal(7, result);
        Assert.Contains("Warning: something", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("AUC 0.7500", text.ToString().ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    private static IAnsiConsole Console(int width, TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = width;
        return console;
    }

    private sealed class SteppedClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
