namespace Dlrm.Data;

/// <summary>How the lookups of random data are spread over a table's rows.</summary>
public enum LookupDistribution
{
    /// <summary>round(u · (rows − 1)): every row alike, the first and the last half as often.</summary>
    Uniform,

    /// <summary>A normal draw clipped to an interval and truncated, the same one for every table.</summary>
    Gaussian,
}
