namespace Dlrm.Distributed.Planning;

/// <summary>What it costs ranks to talk.</summary>
public sealed record ExchangeFigures
{
    /// <summary>Microseconds of a collective of two ranks of a host that moves next to nothing; as much again for each doubling.</summary>
    public double CollectiveMicroseconds { get; init; } = 8;

    /// <summary>Microseconds of work for each message that a rank sends in an all-to-all.</summary>
    public double MessageMicroseconds { get; init; } = 1;

    /// <summary>10⁹ bytes a second that a core moves from rank to rank, or from place to place for them.</summary>
    public double CopyGbPerSecond { get; init; } = 10;

    /// <summary>10⁹ bytes a second of an all-reduce within a host: the vector's bytes over the time of two ranks.</summary>
    public double ReduceGbPerSecond { get; init; } = 2;

    /// <summary>Nanoseconds to put one pooled vector, or its gradient, where it belongs, beside its bytes.</summary>
    public double VectorNanoseconds { get; init; } = 8;

    /// <summary>Nanoseconds to tell the length of one bag, and to read it.</summary>
    public double BagNanoseconds { get; init; } = 2;

    /// <summary>Nanoseconds to send one lookup, and to take it.</summary>
    public double LookupNanoseconds { get; init; } = 1;

    /// <summary>10⁹ bits a second between two hosts, each way (<c>--network</c>).</summary>
    public double NetworkGbitPerSecond { get; init; } = 25;

    /// <summary>Microseconds that a message between hosts takes at least.</summary>
    public double NetworkMicroseconds { get; init; } = 20;

    /// <summary>The share of a transfer between hosts that computing hides where the step lets it, 0 … 1.</summary>
    public double Overlap { get; init; } = 0.8;
}
