namespace Dlrm.Interop.Models;

/// <summary>Named tensors in a file of whatever format, read one after the other and never held.</summary>
internal interface ITensorArchive : IDisposable
{
    /// <summary>The file.</summary>
    string Path { get; }

    /// <summary>The extents of each tensor, row-major.</summary>
    IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; }

    /// <summary>The elements of a tensor as little-endian single precision, row-major.</summary>
    /// <param name="name">One of <see cref="Shapes"/>.</param>
    Stream Open(string name);
}
