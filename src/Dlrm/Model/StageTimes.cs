using System.Diagnostics;
using System.Text.Json;

namespace Dlrm.Model;

/// <summary>The stages of a step, in the order they run.</summary>
public enum Stage
{
    /// <summary>Range check of every lookup.</summary>
    Validate,

    /// <summary>Bottom tower, forward.</summary>
    BottomForward,

    /// <summary>Gather and pool.</summary>
    EmbeddingForward,

    /// <summary>Interaction, forward.</summary>
    InteractionForward,

    /// <summary>Top tower, forward.</summary>
    TopForward,

    /// <summary>Sigmoid, loss and its gradient.</summary>
    Loss,

    /// <summary>Top tower, backward.</summary>
    TopBackward,

    /// <summary>Interaction, backward.</summary>
    InteractionBackward,

    /// <summary>Bottom tower, backward.</summary>
    BottomBackward,

    /// <summary>Optimizer on the towers.</summary>
    DenseUpdate,

    /// <summary>Embedding gradient and optimizer in one pass.</summary>
    EmbeddingUpdate,

    /// <summary>On several ranks: waiting for pooled vectors or their gradients, and putting them in place.</summary>
    ExchangeWait,

    /// <summary>On several ranks: waiting for sums of losses and of the towers' gradients.</summary>
    ReductionWait,
}

/// <summary>Time spent by stage since the last <see cref="Reset"/>. Always on: one clock reading a stage.</summary>
public sealed class StageTimes
{
    private static readonly string[] Names =
        [.. Enum.GetNames<Stage>().Select(name => JsonNamingPolicy.SnakeCaseLower.ConvertName(name).Replace('_', ' '))];

    private readonly long[] _ticks = new long[Enum.GetValues<Stage>().Length];
    private readonly Engine? _engine;
    private long _last;

    /// <summary>Nothing spent.</summary>
    /// <param name="engine">Whose profiler, when it has one, is told of every stage; null for nobody's.</param>
    internal StageTimes(Engine? engine = null) => _engine = engine;

    /// <summary>Milliseconds spent in a stage.</summary>
    /// <param name="stage">The stage.</param>
    public double Milliseconds(Stage stage) => _ticks[(int)stage] * 1000.0 / Stopwatch.Frequency;

    /// <summary>Forgets all times.</summary>
    public void Reset() => Array.Clear(_ticks);

    internal void Begin()
    {
        _last = Stopwatch.GetTimestamp();
        _engine?.Profiler?.BeginStage(_last);
    }

    internal void End(Stage stage)
    {
        long now = Stopwatch.GetTimestamp();
        _ticks[(int)stage] += now - _last;
        _engine?.Profiler?.EndStage(Names[(int)stage], _last, now);
        _last = now;
    }
}
