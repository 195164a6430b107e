namespace Dlrm.Profiling;

/// <summary>Something that took time.</summary>
/// <param name="Kind">What sort of thing: a step, a stage, a layer, or a worker's share.</param>
/// <param name="Name">Which.</param>
/// <param name="Start">When it began, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="End">When it was done.</param>
public readonly record struct ProfileEvent(string Kind, string Name, long Start, long End);

/// <summary>All the time that went into one thing.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Layer">The layer or table in it; empty for the whole stage.</param>
/// <param name="Milliseconds">Time; of a table the mean over the workers that share it.</param>
/// <param name="Count">How often; of a table the shares of all workers.</param>
public sealed record ProfileTotal(string Stage, string Layer, double Milliseconds, long Count);
