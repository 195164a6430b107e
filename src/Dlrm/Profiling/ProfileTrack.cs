using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dlrm.Profiling;

/// <summary>What one thread did: its first events one by one, and the sums of all. One thread writes; it allocates only for new names.</summary>
/// <param name="name">The thread's name in the trace.</param>
/// <param name="capacity">Events to keep.</param>
internal sealed class ProfileTrack(string name, int capacity)
{
    private readonly ProfileEvent[] _events = new ProfileEvent[capacity];
    private readonly Dictionary<(string Stage, string Layer), Total> _totals = new(ByReference.Comparer);
    private int _count;

    /// <summary>The thread's name in the trace.</summary>
    public string Name { get; } = name;

    /// <summary>The first events.</summary>
    public ReadOnlySpan<ProfileEvent> Events => _events.AsSpan(0, _count);

    /// <summary>True when later events were summed only.</summary>
    public bool IsFull => _count == _events.Length;

    /// <summary>Ticks and number by stage and layer.</summary>
    public IEnumerable<(string Stage, string Layer, long Ticks, long Count)> Totals =>
        _totals.Select(entry => (entry.Key.Stage, entry.Key.Layer, entry.Value.Ticks, entry.Value.Count));

    /// <summary>Keeps an event, while there is room.</summary>
    /// <param name="kind">A word that lives on, as does the name.</param>
    /// <param name="eventName">Which.</param>
    /// <param name="start">Ticks.</param>
    /// <param name="end">Ticks.</param>
    public void Add(string kind, string eventName, long start, long end)
    {
        if (_count < _events.Length)
        {
            _events[_count++] = new ProfileEvent(kind, eventName, start, end);
        }
    }

    /// <summary>Adds to a sum. Names are told apart by reference: give the same object for the same thing.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="layer">The layer, or the empty text.</param>
    /// <param name="ticks">How long.</param>
    public void Sum(string stage, string layer, long ticks)
    {
        ref Total total = ref CollectionsMarshal.GetValueRefOrAddDefault(_totals, (stage, layer), out _);
        total.Ticks += ticks;
        total.Count++;
    }

    /// <summary>An event of a layer from a time until now, kept and summed.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="layer">The layer or table.</param>
    /// <param name="start">Ticks.</param>
    public void Finish(string stage, string layer, long start)
    {
        long end = Stopwatch.GetTimestamp();
        Add("table", layer, start, end);
        Sum(stage, layer, end - start);
    }

    private struct Total
    {
        public long Ticks;
        public long Count;
    }

    /// <summary>Names are long-lived objects, so their addresses tell them apart without reading them.</summary>
    private sealed class ByReference : IEqualityComparer<(string Stage, string Layer)>
    {
        public static readonly ByReference Comparer = new();

        public bool Equals((string Stage, string Layer) left, (string Stage, string Layer) right) =>
            ReferenceEquals(left.Stage, right.Stage) && ReferenceEquals(left.Layer, right.Layer);

        public int GetHashCode((string Stage, string Layer) key) =>
            (RuntimeHelpers.GetHashCode(key.Stage) * 31) + RuntimeHelpers.GetHashCode(key.Layer);
    }
}
