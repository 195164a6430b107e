namespace Dlrm.Data;

/// <summary>A source whose samples may belong to groups (a user, a query), within which scores are compared.</summary>
public interface IGroupedSource : IBatchSource
{
    /// <summary>True when samples have groups and are read in one known order.</summary>
    bool HasGroups { get; }

    /// <summary>The groups of samples that follow each other in the order of a pass; not while batches are read.</summary>
    /// <param name="first">First sample.</param>
    /// <param name="groups">Their groups, out.</param>
    /// <exception cref="InvalidOperationException">There are no groups.</exception>
    void ReadGroups(long first, Span<long> groups);
}
