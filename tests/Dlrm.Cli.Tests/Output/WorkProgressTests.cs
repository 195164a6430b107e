using Dlrm.Cli.Output;
using Dlrm.Data;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

/// <summary>What long work shows: a bar of one line on a terminal, lines elsewhere.</summary>
public sealed class WorkProgressTests : IDisposable
{
    private readonly StringWriter _error = new();
    private readonly Clock _clock = new();

    [Theory]
    [InlineData(200)]
    [InlineData(80)]
    [InlineData(60)]
    [InlineData(30)]
    [InlineData(8)]
    public void The_bar_is_never_wider_than_the_terminal(int width)
    {
        using (WorkProgress progress = Progress(isTerminal: true, width))
        {
            for (int step = 1; step <= 10; step++)
            {
                _clock.Seconds = step;
                progress.Report(new LoadProgress("reading a_file_with_a_name.csv.gz", step * 100_000_000L, 1_000_000_000, step * 1_234_567L));
            }
        }

        string[] drawn = _error.ToString().Split(ToolConsole.ClearLine);
        Assert.Equal(12, drawn.Length);
        Assert.All(drawn, line => Assert.True(line.Length <= width - 3, line));
        Assert.All(drawn, line => Assert.DoesNotContain('\n', line));
        Assert.Equal("", drawn[^1]);
        if (width >= 100)
        {
            Assert.Matches(@"^\[#{15}\.{15}\] 50 %  100\.0 MB/s  00:00:05 left  6,172,835 rows  reading a_file_with_a_name\.csv\.gz$", drawn[5]);
        }
    }

    [Fact]
    public void Without_a_terminal_there_are_lines_now_and_then()
    {
        using (WorkProgress progress = Progress(isTerminal: false, 80))
        {
            for (int step = 0; step <= 7; step++)
            {
                _clock.Seconds = step;
                progress.Report(new LoadProgress("writing", step, 7, step));
            }
        }

        Assert.Equal(
            ["writing: 43 %, 1 rows/s, 00:00:04 left, 3 rows", "writing: 86 %, 1 rows/s, 00:00:01 left, 6 rows"],
            _error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    public void Dispose() => _error.Dispose();

    private WorkProgress Progress(bool isTerminal, int width)
    {
        _error.NewLine = "\n";
        return new WorkProgress(
            new ToolConsole(TextWriter.Null, _error, IsTerminal: false) { IsErrorTerminal = isTerminal, Width = () => width }, _clock);
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
