namespace Dlrm.Data;

/// <summary>What to do with a line that cannot be read.</summary>
public enum OnBadLine
{
    /// <summary>Stop with a <see cref="BadDataException"/>.</summary>
    Error,

    /// <summary>Leave the line out, count it by reason and report it.</summary>
    Skip,
}
