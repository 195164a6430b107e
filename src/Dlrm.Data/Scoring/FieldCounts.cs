namespace Dlrm.Data.Scoring;

/// <summary>What a <see cref="RowBatch"/> saw of a raw field.</summary>
public record struct FieldCounts
{
    /// <summary>Rows.</summary>
    public long Rows { get; set; }

    /// <summary>Rows in which the field was empty, null or not there.</summary>
    public long Missing { get; set; }

    /// <summary>Categorical values that are there and that training gave no index of their own.</summary>
    public long Unknown { get; set; }
}
