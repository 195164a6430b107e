using System.Diagnostics;

namespace Dlrm.Profiling;

/// <summary>Measures steps, stages, layers and what each worker does; given to an engine (<see cref="Engine.Profiler"/>).</summary>
/// <remarks>
/// Sums are of the whole run. Single events, for the trace, are kept until the room for them is used up. Without a profiler
/// nothing is measured but the time by stage. A thread writes to its own track only; read when no step is under way.
/// </remarks>
public sealed class Profiler
{
    /// <summary>A tower has fewer layers, a stage fewer parts.</summary>
    private const int MostLayers = 256;

    private readonly ProfileTrack[] _tracks;
    private readonly (string Name, long Start, long End)[] _layers = new (string, long, long)[MostLayers];
    private int _layerCount;
    private long _mark;

    /// <summary>Starts the clock.</summary>
    /// <param name="workers">Workers of the engine's team.</param>
    /// <param name="eventsPerThread">Single events to keep of each thread, 32 bytes each.</param>
    public Profiler(int workers, int eventsPerThread = 30_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(eventsPerThread);
        _tracks =
        [
            new ProfileTrack("steps, stages, layers", eventsPerThread),
            .. Enumerable.Range(0, workers).Select(worker => new ProfileTrack($"worker {worker}", eventsPerThread)),
        ];
        Start = Stopwatch.GetTimestamp();
    }

    /// <summary>When measuring began, in ticks.</summary>
    public long Start { get; }

    /// <summary>Training steps.</summary>
    public long Steps { get; private set; }

    /// <summary>Batches scored in tests.</summary>
    public long Tests { get; private set; }

    /// <summary>Time in steps and tests, waiting for data included.</summary>
    public double Milliseconds { get; private set; }

    internal ReadOnlySpan<ProfileTrack> Tracks => _tracks;

    private int Workers => _tracks.Length - 1;

    /// <summary>Time by stage and, below each, by layer or table, in the order in which they were first seen.</summary>
    public IReadOnlyList<ProfileTotal> Totals()
    {
        double tick = 1000.0 / Stopwatch.Frequency;
        var totals = _tracks[0].Totals
            .Select(total => new ProfileTotal(total.Stage, total.Layer, total.Ticks * tick, total.Count)).ToList();
        totals.AddRange(_tracks.Skip(1)
            .SelectMany(track => track.Totals)
            .GroupBy(total => (total.Stage, total.Layer))
            .Select(group => new ProfileTotal(
                group.Key.Stage, group.Key.Layer, group.Sum(total => total.Ticks) * tick / Workers, group.Sum(total => total.Count))));
        return
        [
            .. totals.Where(total => total.Layer.Length == 0)
                .SelectMany(stage => totals.Where(total => total.Layer.Length > 0 && total.Stage == stage.Stage).Prepend(stage)),
        ];
    }

    /// <summary>A step or test begins.</summary>
    /// <returns>When, for <see cref="EndStep"/>.</returns>
    internal long Begin() => _mark = Stopwatch.GetTimestamp();

    /// <summary>A step or test that began at a time is over.</summary>
    /// <param name="start">What <see cref="Begin"/> gave.</param>
    /// <param name="training">False for a batch of a test.</param>
    internal void EndStep(long start, bool training)
    {
        long end = Stopwatch.GetTimestamp();
        _tracks[0].Add("step", training ? "training step" : "test batch", start, end);
        Milliseconds += (end - start) * 1000.0 / Stopwatch.Frequency;
        _ = training ? Steps++ : Tests++;
    }

    /// <summary>A stage that is none of the model's is over; it began where the last thing ended.</summary>
    /// <param name="name">A word that lives on.</param>
    internal void EndStage(string name) => EndStage(name, _mark, Stopwatch.GetTimestamp());

    /// <summary>A stage is over.</summary>
    /// <param name="name">A word that lives on.</param>
    /// <param name="start">When it began.</param>
    /// <param name="end">Now.</param>
    internal void EndStage(string name, long start, long end)
    {
        ProfileTrack track = _tracks[0];
        track.Add("stage", name, start, end);
        track.Sum(name, string.Empty, end - start);
        foreach ((string layer, long layerStart, long layerEnd) in _layers.AsSpan(0, _layerCount))
        {
            track.Add("layer", layer, layerStart, layerEnd);
            track.Sum(name, layer, layerEnd - layerStart);
        }

        _layerCount = 0;
        _mark = end;
    }

    /// <summary>A stage begins after work that is measured elsewhere.</summary>
    /// <param name="now">Ticks.</param>
    internal void BeginStage(long now) => _mark = now;

    /// <summary>A layer of the stage under way is done; it began where the last one ended.</summary>
    /// <param name="name">A word that lives on.</param>
    internal void EndLayer(string name)
    {
        long end = Stopwatch.GetTimestamp();
        if (_layerCount < _layers.Length)
        {
            _layers[_layerCount++] = (name, _mark, end);
        }

        _mark = end;
    }

    /// <summary>The track of a worker.</summary>
    /// <param name="worker">Its number.</param>
    internal ProfileTrack Worker(int worker) => _tracks[worker + 1];
}
