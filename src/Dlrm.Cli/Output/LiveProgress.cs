using System.Globalization;
using Dlrm.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Dlrm.Cli.Output;

/// <summary>What a person sees on a terminal: a bar, samples a second, the loss, the last AUC and the time left.</summary>
/// <remarks>
/// Spectre.Console draws from its own thread four times a second. A step only writes two numbers; the bar moves at most
/// ten times a second, so the display costs a step nothing that can be measured. NO_COLOR is respected.
/// </remarks>
internal sealed class LiveProgress : TrainingObserver
{
    private readonly IAnsiConsole _console;
    private readonly TimeProvider _clock;
    private ProgressTask? _task;
    private TrainingPlan? _plan;
    private long _begun;
    private long _moved;
    private long _step;
    private long _samples;
    private double _loss = double.NaN;
    private double? _auc;

    public LiveProgress(IAnsiConsole console, TimeProvider? clock = null)
    {
        _console = console;
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>Runs training with the display on.</summary>
    public TResult Run<TResult>(Func<TResult> train) => _console.Progress()
        .AutoClear(true)
        .HideCompleted(false)
        .Columns(new ProgressBarColumn { Width = BarWidth() }, new PercentageColumn(), new StatusColumn(this))
        .UseRenderHook((content, _) => content)
        .Start(context =>
        {
            _task = context.AddTask("training");
            return train();
        });

    public override void Started(TrainingPlan plan)
    {
        _plan = plan;
        _begun = _clock.GetTimestamp();
        _step = plan.FirstStep;
        if (_task is not null)
        {
            _task.MaxValue = Math.Max(1, (double)plan.Epochs * plan.BatchesPerEpoch);
        }
    }

    public override void Stepped(long step, long samples)
    {
        _step = step;
        _samples = samples;
        long now = Environment.TickCount64;
        if (now - _moved >= 100)
        {
            _moved = now;
            _task?.Value(step);
        }
    }

    public override void Trained(TrainRecord record) => _loss = record.Loss;

    public override void Evaluated(EvaluationRecord record)
    {
        _auc = record.Metrics.Auc;
        Print(record);
    }

    public override void EvaluatedPart(EvaluationRecord record) => Print(record);

    private void Print(EvaluationRecord record)
    {
        string auc = record.Metrics.Auc is { } defined ? string.Create(CultureInfo.InvariantCulture, $"{defined:0.0000}") : "undefined";
        _console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"step {record.Step}: {record.Part ?? "test"} log loss {record.Metrics.LogLoss:0.0000}, AUC {auc}, "
            + $"accuracy {record.Metrics.Accuracy * 100:0.00} %{(record.IsBest ? ", best so far" : "")}"));
    }

    /// <summary>Prints a line above the bar.</summary>
    public void Tell(string message) => _console.WriteLine(message);

    public override void Warned(string message) => _console.WriteLine($"Warning: {message}");

    /// <summary>The text beside the bar; the parts that matter most come first, as a narrow terminal cuts the end.</summary>
    internal string Status()
    {
        if (_plan is not { } plan)
        {
            return "preparing";
        }

        double seconds = _clock.GetElapsedTime(_begun).TotalSeconds;
        long done = _step - plan.FirstStep;
        long left = ((long)plan.Epochs * plan.BatchesPerEpoch) - _step;
        var parts = new List<string>();
        if (double.IsFinite(_loss))
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"loss {_loss:0.0000}"));
        }

        if (_auc is { } auc)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"AUC {auc:0.0000}"));
        }

        if (done > 0 && seconds > 0)
        {
            parts.Add($"{Time(seconds / done * left)} left");
            parts.Add($"{Rate(_samples / seconds)} samples/s");
        }

        if (plan.Epochs > 1)
        {
            parts.Add($"epoch {Math.Min(plan.Epochs, (_step / plan.BatchesPerEpoch) + 1)}/{plan.Epochs}");
        }

        return string.Join("  ", parts);
    }

    private static string Time(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Min(seconds, 999 * 3600));
        return time.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");
    }

    private static string Rate(double rate) => rate switch
    {
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:0.0}M"),
        >= 1e4 => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e3:0}k"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{rate:0}"),
    };

    private int BarWidth() => Math.Clamp(_console.Profile.Width / 4, 5, 40);

    private sealed class StatusColumn(LiveProgress progress) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(progress.Status()) { Overflow = Overflow.Ellipsis };
    }
}
