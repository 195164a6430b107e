using System.Runtime.CompilerServices;

namespace Dlrm.Kernels;

/// <summary>The microkernel of a matrix product for one instruction set. All of them give the same bits.</summary>
/// <remarks>
/// Every element of C is acc = 0, then acc = fma(a[k], b[k], acc) for k ascending, then + bias, then the rectifier; or,
/// with a mask, 0 where the mask is not above 0. Splitting k stores acc and loads it again, so no split changes a bit.
/// </remarks>
internal abstract unsafe class GemmKernel
{
    private static readonly GemmKernel s_portable = new GemmKernelPortable();
    private static readonly GemmKernel s_vector128 = new GemmKernelVector128();
    private static readonly GemmKernel s_avx2 = new GemmKernelAvx2();
    private static readonly GemmKernel s_avx512 = new GemmKernelAvx512();

    /// <summary>The shared kernel of an instruction set, which the processor must have.</summary>
    /// <param name="set">An instruction set.</param>
    public static GemmKernel For(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => s_avx512,
        InstructionSet.Avx2 => s_avx2,
        InstructionSet.Vector128 => s_vector128,
        _ => s_portable,
    };

    /// <summary>Computes a block. C, the bias and the mask have memory up to the next 16 columns.</summary>
    /// <param name="block">What to compute.</param>
    public abstract void Block(in TileBlock block);

    /// <summary>Packs rows into the rows of a panel: panel[c·32 + r] = source[r·stride + c], 0 for rows beyond.</summary>
    /// <param name="source">The first element of the first row.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows, 1 … 32.</param>
    /// <param name="columns">Columns, 0 or more.</param>
    /// <param name="panel">Rows of 32 elements, one for each column.</param>
    public void Transpose(float* source, nint stride, int rows, int columns, float* panel)
    {
        if (rows == PanelMatrix.Width)
        {
            Transpose(source, stride, columns, panel);
            return;
        }

        new Span<float>(panel, columns * PanelMatrix.Width).Clear();
        TransposeScalar(source, stride, rows, columns, panel);
    }

    /// <summary>The same for 32 rows.</summary>
    /// <param name="source">The first element of the first row.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="columns">Columns, 0 or more.</param>
    /// <param name="panel">Rows of 32 elements, one for each column.</param>
    protected abstract void Transpose(float* source, nint stride, int columns, float* panel);

    /// <summary>Rows of the next tile: full tiles, and the last two of about the same height.</summary>
    /// <param name="remaining">Rows still to compute.</param>
    /// <param name="most">Rows of a full tile.</param>
    protected static int NextRows(int remaining, int most) =>
        remaining <= most ? remaining
        : remaining >= 2 * most ? most
        : (remaining + 1) / 2;

    /// <summary>Transposes scalar by scalar: the first <paramref name="rows"/> elements of the panel's rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected static void TransposeScalar(float* source, nint stride, int rows, int columns, float* panel)
    {
        for (int column = 0; column < columns; column++)
        {
            for (int row = 0; row < rows; row++)
            {
                panel[(column * PanelMatrix.Width) + row] = source[(row * stride) + column];
            }
        }
    }
}
