using Dlrm.Layers;

namespace Dlrm.Model;

/// <summary>Which tables are kept as quotient and remainder (<c>--qr-flag</c>), and how. Defaults are the reference's.</summary>
public sealed record QuotientRemainderOptions
{
    /// <summary>The words of <see cref="Operation"/>, in the order of <see cref="QuotientRemainderOperation"/>.</summary>
    private static readonly string[] Operations = ["mult", "add", "concat"];

    /// <summary>Tables of more rows than this are split (<c>--qr-threshold</c>).</summary>
    public int Threshold { get; init; } = 200;

    /// <summary>How the two pooled vectors are joined (<c>--qr-operation</c>): mult, add or concat.</summary>
    public string Operation { get; init; } = "mult";

    /// <summary>c, 1 or more: rows of the remainder table (<c>--qr-collisions</c>).</summary>
    public int Collisions { get; init; } = 4;

    /// <summary>The operation as the layer takes it.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    internal QuotientRemainderOperation ToOperation()
    {
        int number = Array.IndexOf(Operations, Operation);
        return number >= 0
            ? (QuotientRemainderOperation)number
            : throw new ArgumentException(
                $"There is no operation '{Operation}' (--qr-operation); there are {string.Join(", ", Operations)}.");
    }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    internal void Validate()
    {
        _ = ToOperation();
        if (Collisions < 1)
        {
            throw new ArgumentException($"--qr-collisions={Collisions}: a remainder table has 1 row or more.");
        }

        if (Threshold < 0)
        {
            throw new ArgumentException($"--qr-threshold={Threshold}: a number of rows is 0 or more.");
        }
    }
}
