namespace Dlrm.Training;

/// <summary>What <see cref="RunDiagnostics"/> must know of a run before it starts.</summary>
public sealed record RunFacts
{
    /// <summary>Dense features of a sample.</summary>
    public required int DenseFeatures { get; init; }

    /// <summary>Categorical features of a sample, a table each.</summary>
    public required int Tables { get; init; }

    /// <summary>True when the data are drawn at random, so no label depends on a feature.</summary>
    public bool RandomLabels { get; init; }

    /// <summary>The loss by its name on the command line: mse, bce or wbce.</summary>
    public string Loss { get; init; } = "bce";

    /// <summary>Weight of a sample labelled 0 (<c>--loss-weights</c>, first); 1 unless the loss is wbce.</summary>
    public double NegativeWeight { get; init; } = 1;

    /// <summary>Weight of a sample labelled 1 (<c>--loss-weights</c>, second); 1 unless the loss is wbce.</summary>
    public double PositiveWeight { get; init; } = 1;
}
