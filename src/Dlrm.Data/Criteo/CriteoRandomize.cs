namespace Dlrm.Data.Criteo;

/// <summary>How the training rows are put in another order, once, when they are loaded.</summary>
public enum CriteoRandomize
{
    /// <summary>All training rows together.</summary>
    Total,

    /// <summary>The rows of each day among themselves.</summary>
    Day,

    /// <summary>File order.</summary>
    None,
}
