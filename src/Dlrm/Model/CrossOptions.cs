namespace Dlrm.Model;

/// <summary>The cross network of <c>--arch-interaction-op=dcn</c>. Defaults are those of the MLPerf DLRM-DCNv2 model.</summary>
public sealed record CrossOptions
{
    /// <summary>L, 1 or more (<c>--dcn-num-layers</c>).</summary>
    public int Layers { get; init; } = 3;

    /// <summary>r, 1 or more: the width between the two products of a layer (<c>--dcn-low-rank-dim</c>).</summary>
    public int Rank { get; init; } = 512;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    internal void Validate()
    {
        if (Layers < 1)
        {
            throw new ArgumentException($"--dcn-num-layers={Layers}: a cross network has 1 layer or more.");
        }

        if (Rank < 1)
        {
            throw new ArgumentException($"--dcn-low-rank-dim={Rank}: the products of a cross layer meet in 1 number or more.");
        }
    }
}
