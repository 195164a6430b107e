namespace Dlrm.Kernels;

/// <summary>What a dot interaction multiplies.</summary>
/// <param name="Features">F.</param>
/// <param name="Dimension">D.</param>
/// <param name="Itself">True to pair each feature with itself, too.</param>
internal readonly record struct DotInteractionShape(int Features, int Dimension, bool Itself)
{
    /// <summary>Products a sample has: F (F − 1) / 2, or F (F + 1) / 2 with itself.</summary>
    public int Pairs => FirstPair(Features);

    /// <summary>Where the pairs (i, 0), (i, 1), … of feature i start.</summary>
    /// <param name="feature">i, 0 … F.</param>
    /// <exception cref="OverflowException">More than 2³¹ − 1 pairs.</exception>
    public int FirstPair(int feature) => checked((int)((long)feature * (Itself ? feature + 1L : feature - 1L) / 2));
}
