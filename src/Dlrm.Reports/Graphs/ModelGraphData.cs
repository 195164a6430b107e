namespace Dlrm.Reports.Graphs;

/// <summary>One box of a model's drawing.</summary>
/// <param name="Name">What it is called, e.g. <c>bot_l.0</c>.</param>
/// <param name="Shape">Its shape for a person, e.g. <c>13 → 512</c>.</param>
/// <param name="Parameters">Elements of its parameters.</param>
public sealed record GraphBox(string Name, string Shape, long Parameters);

/// <summary>A model as it is drawn.</summary>
public sealed record ModelGraphData
{
    /// <summary>Over the drawing.</summary>
    public required string Title { get; init; }

    /// <summary>Dense features, as a box without parameters.</summary>
    public required GraphBox Input { get; init; }

    /// <summary>Layers of the bottom tower, first to last.</summary>
    public required IReadOnlyList<GraphBox> Bottom { get; init; }

    /// <summary>The tables, in order.</summary>
    public required IReadOnlyList<GraphBox> Tables { get; init; }

    /// <summary>Where features meet.</summary>
    public required GraphBox Interaction { get; init; }

    /// <summary>Layers of the top tower, first to last.</summary>
    public required IReadOnlyList<GraphBox> Top { get; init; }

    /// <summary>What comes out, as a box without parameters.</summary>
    public required GraphBox Output { get; init; }
}
