namespace Dlrm.Kernels;

/// <summary>
/// The part of a matrix product that a microkernel computes in one call: some rows of one panel of C over some of k.
/// </summary>
internal unsafe struct TileBlock
{
    /// <summary>Tiles in which the next block of B is asked for.</summary>
    public const int AskingTiles = 8;

    /// <summary>The first element of A; see <see cref="Transposed"/>.</summary>
    public float* A;

    /// <summary>Elements that A skips after every 32 steps of k, beyond what the steps themselves advance.</summary>
    public nint AJump;

    /// <summary>
    /// False: A (M, K) is packed, element (r, k) of it at A + r·32 + k within 32 steps of k.
    /// True: Aᵀ (K, M) is packed, the element at A + k·32 + r, and <see cref="Rows"/> is at most what remains of its panel.
    /// </summary>
    public bool Transposed;

    /// <summary>The first element of B (K, 32), which has 16 or 32 columns of memory in every row.</summary>
    public float* B;

    /// <summary>Elements from one row of B to the next.</summary>
    public nint BStride;

    /// <summary>What will be B of the next block, to be asked for meanwhile; null if unknown.</summary>
    public float* NextB;

    /// <summary>Elements from one row of <see cref="NextB"/> to the next.</summary>
    public nint NextBStride;

    /// <summary>Elements of <see cref="NextB"/> from where one tile begins asking to where the next does.</summary>
    public nint NextBTile;

    /// <summary>Elements of <see cref="NextB"/> to go on after 32 steps of k, which ask for 128 bytes of four rows.</summary>
    public nint NextBStep;

    /// <summary>The number of the first tile; the first <see cref="AskingTiles"/> ask for all of <see cref="NextB"/>.</summary>
    public int FirstTile;

    /// <summary>
    /// Elements from the first one of A to what the next tiles will need of it, to be asked for meanwhile; 0 for nothing.
    /// </summary>
    public nint NextA;

    /// <summary>The first element of C.</summary>
    public float* C;

    /// <summary>Elements from one row of C to the next.</summary>
    public nint CStride;

    /// <summary>Rows, 1 or more.</summary>
    public int Rows;

    /// <summary>Columns of the panel in use, 1 … 32; 16 or 32 are computed and written.</summary>
    public int Columns;

    /// <summary>Steps of k, 1 or more.</summary>
    public int Depth;

    /// <summary>Start from C instead of 0.</summary>
    public bool Accumulate;

    /// <summary>32 elements added to every row at the end, or null.</summary>
    public float* Bias;

    /// <summary>Whether negative results become 0, after the bias.</summary>
    public bool Relu;

    /// <summary>If not null, results become 0 where the element of this matrix (as C) is not above 0.</summary>
    public float* Mask;

    /// <summary>Elements from one row of the mask to the next.</summary>
    public nint MaskStride;
}
