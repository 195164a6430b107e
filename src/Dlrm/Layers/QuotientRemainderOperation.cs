namespace Dlrm.Layers;

/// <summary>How the two pooled vectors of a quotient-remainder table become one.</summary>
public enum QuotientRemainderOperation
{
    /// <summary><c>mult</c>: element by element.</summary>
    Multiply,

    /// <summary><c>add</c>: element by element.</summary>
    Add,

    /// <summary><c>concat</c>: the quotient's elements, then the remainder's; twice as wide.</summary>
    Concatenate,
}
