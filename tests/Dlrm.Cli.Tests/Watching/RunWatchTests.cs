using Dlrm.Cli.Commands;
using Dlrm.Cli.Output;
using Dlrm.Cli.Watching;
using Xunit;

namespace Dlrm.Cli.Tests.Watching;

public sealed class RunWatchTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly StringWriter _out = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    [Fact]
    public void A_run_is_followed_until_it_ends()
    {
        string[] appended =
        [
            Run() + Train(10),
            Train(20)[..15], // The writer is in the middle of a line.
            Train(20)[15..] + Test(20),
            End("completed", 20),
        ];
        int looks = 0;
        Watch(() => Append(appended[looks++])).Follow(CancellationToken.None);
        Assert.Equal(4, looks);
        Assert.Equal(
            [
                "step 10/100  loss 0.100000  lr 0.1  2.00 ms/it",
                "step 20/100  loss 0.050000  lr 0.1  2.00 ms/it",
                "step 20  test: log loss 0.5000, AUC 0.7000, accuracy 80.00 %, best so far",
                "run: completed",
            ],
            Lines());
        Assert.Contains("Waiting for", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_is_taken_up_again_is_followed_on()
    {
        Append(Run() + Train(10) + Train(20) + Train(30));
        Action[] looks =
        [
            () => File.WriteAllText(Metrics, Run() + Train(10)), // Cut back to a checkpoint.
            () => Append(Train(20)),
            () => Append(Train(30) + Train(40)),
            () => Append(End("completed", 40)),
        ];
        int look = 0;
        Watch(() => looks[look++]()).Follow(CancellationToken.None);
        Assert.Equal(
            ["step 10", "step 20", "step 30", "run: taken up again, now after step 10", "step 20", "step 30", "step 40", "run: completed"],
            Lines().Select(line => line.Split('/')[0]));
    }

    [Fact]
    public void A_run_that_was_taken_up_and_is_further_by_now_is_followed_on()
    {
        Append(Run() + Train(10) + Train(20) + Train(30));
        Watch(() => File.WriteAllText(
            Metrics, Run() + Train(10) + Train(20, time: 2.75) + Train(30, time: 3) + Train(40) + End("completed", 40))).Follow(CancellationToken.None);
        Assert.Equal(["step 10", "step 20", "step 30", "step 40", "run: completed"], Lines().Select(line => line.Split('/')[0]));
    }

    [Fact]
    public void A_process_that_is_gone_ends_the_watching()
    {
        Append(Run() + Train(10));
        File.WriteAllText(_scratch["run.owner.json"], $$"""{"pid":{{int.MaxValue}},"host":"{{Environment.MachineName}}"}""");
        Watch(() => throw new InvalidOperationException("It must not wait.")).Follow(CancellationToken.None);
        Assert.Equal("run: its process ended without a word", Lines()[^1]);
    }

    [Fact]
    public void A_process_of_another_machine_may_be_alive()
    {
        Append(Run() + Train(10));
        File.WriteAllText(_scratch["run.owner.json"], $$"""{"pid":{{int.MaxValue}},"host":"another"}""");
        Watch(() => Append(End("interrupted", 10))).Follow(CancellationToken.None);
        Assert.Equal("run: interrupted", Lines()[^1]);
    }

    [Fact]
    public void Once_prints_the_state()
    {
        Append(Run() + Train(10) + Train(20) + Test(20));
        Watch(() => throw new InvalidOperationException("It must not wait.")).PrintState();
        string text = _out.ToString();
        Assert.Contains("running", text, StringComparison.Ordinal);
        Assert.Contains("20 of 100 (20.0 %)", text, StringComparison.Ordinal);
        Assert.Contains("64,000 samples/s", text, StringComparison.Ordinal);
        Assert.Contains("█▁", text, StringComparison.Ordinal);
        Assert.Contains("0.7000", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_watches_a_real_run()
    {
        Assert.Equal(ExitCode.Done, ToolRunner.Run(["train", .. ToolRunner.Readme, $"--output-dir={_scratch["run"]}"]).Code);
        Ended ended = ToolRunner.Run("watch", _scratch["run"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Equal("step 1/3", ended.Lines[0].Split("  ")[0]);
        Assert.Equal("run: completed", ended.Lines[^1]);
        ended = ToolRunner.Run("watch", "--once", _scratch["run"]);
        Assert.Contains("completed", ended.Lines[0], StringComparison.Ordinal);
        ended = ToolRunner.Run("watch", _scratch["elsewhere"], "--once");
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("has no metrics.jsonl", ended.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, ToolRunner.Run("watch").Code);
    }

    [Fact]
    public void A_sparkline_follows_the_numbers()
    {
        Assert.Equal("▁▄█", Sparkline.Draw([0, 1, double.NaN, 2], 10));
        Assert.Equal("▁█", Sparkline.Draw([0, 0, 1, 1], 2));
        Assert.Equal("▁", Sparkline.Draw([3], 5));
        Assert.Equal("", Sparkline.Draw([double.NaN], 5));
    }

    public void Dispose() => _scratch.Dispose();

    private string Metrics => _scratch["metrics.jsonl"];

    private static string Run() => """{"kind":"run","version":1,"steps":100,"epochs":1,"samples_per_epoch":12800}""" + "\n";

    private static string Train(long step, double time = 2) => FormattableString.Invariant(
        $$"""{"kind":"train","step":{{step}},"epoch":0,"loss":{{1.0 / step}},"ms_per_it":{{time}},"lr":0.1,"samples":{{step * 128}}}""") + "\n";

    private static string Test(long step) => FormattableString.Invariant(
        $$"""{"kind":"eval","step":{{step}},"epoch":0,"samples":500,"loss":0.5,"log_loss":0.5,"accuracy":0.8,"auc":0.7,"is_best":true}""") + "\n";

    private static string End(string outcome, long step) => FormattableString.Invariant(
        $$"""{"kind":"end","outcome":"{{outcome}}","step":{{step}},"samples":0}""") + "\n";

    private void Append(string text) => File.AppendAllText(Metrics, text);

    private RunWatch Watch(Action wait) => new(_scratch.Path, new ToolConsole(_out, _error, IsTerminal: false), wait);

    private string[] Lines() => _out.ToString().TrimEnd('\n').Split('\n');
}
