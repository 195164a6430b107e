namespace Dlrm.Data.Folders;

/// <summary>
/// The order of one pass over N rows through a buffer of W: blocks of rows that follow each other are permuted, each
/// W rows of them make a window, and the rows of a window are permuted.
/// </summary>
/// <remarks>
/// A function of N, W, the seed and the pass alone. With N ≤ W there is one window and every permutation can occur.
/// Otherwise a block has W / 64 rows (reading from disk stays sequential within it), the last one what is left.
/// </remarks>
internal sealed class WindowOrder
{
    /// <summary>Blocks in a full window.</summary>
    private const int BlocksPerWindow = 64;

    private readonly ulong _seed;
    private readonly int _pass;
    private readonly int[] _blocks;
    private readonly int _blockRows;
    private readonly int _perWindow;
    private readonly long _rows;
    private readonly long[] _firsts;

    /// <summary>The order of a pass.</summary>
    public WindowOrder(long rows, int bufferRows, ulong seed, int pass)
    {
        _seed = seed;
        _pass = pass;
        _rows = rows;
        _perWindow = rows <= bufferRows ? 1 : Math.Min(BlocksPerWindow, bufferRows);
        _blockRows = rows <= bufferRows ? (int)Math.Max(rows, 1) : bufferRows / _perWindow;
        int blocks = checked((int)((rows + _blockRows - 1) / _blockRows));
        _blocks = new int[blocks];
        for (int block = 0; block < blocks; block++)
        {
            _blocks[block] = block;
        }

        var random = new SplitMix64(seed, Stream(window: -1));
        Shuffle(_blocks, ref random);
        Windows = (blocks + _perWindow - 1) / _perWindow;
        _firsts = new long[Windows + 1];
        for (int window = 0; window < Windows; window++)
        {
            _firsts[window + 1] = _firsts[window] + Blocks(window).ToArray().Sum(block => (long)RowsOf(block));
        }
    }

    /// <summary>Windows of the pass.</summary>
    public int Windows { get; }

    /// <summary>The most rows a window can have.</summary>
    public int Capacity => _perWindow * _blockRows;

    /// <summary>Rows before a window.</summary>
    public long First(int window) => _firsts[window];

    /// <summary>Rows of a window.</summary>
    public int RowsIn(int window) => (int)(_firsts[window + 1] - _firsts[window]);

    /// <summary>The window in which a position of the pass lies.</summary>
    public int WindowOf(long position)
    {
        int found = Array.BinarySearch(_firsts, position);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>The blocks of a window, in the order in which they are read.</summary>
    public ReadOnlySpan<int> Blocks(int window) =>
        _blocks.AsSpan(window * _perWindow, Math.Min(_perWindow, _blocks.Length - (window * _perWindow)));

    /// <summary>First row of a block.</summary>
    public long FirstOf(int block) => (long)block * _blockRows;

    /// <summary>Rows of a block.</summary>
    public int RowsOf(int block) => (int)Math.Min(_blockRows, _rows - FirstOf(block));

    /// <summary>The order of a window's rows.</summary>
    /// <param name="window">Its number.</param>
    /// <param name="order">(rows of the window), out: a permutation of 0, 1, ….</param>
    public void Permute(int window, Span<int> order)
    {
        for (int row = 0; row < order.Length; row++)
        {
            order[row] = row;
        }

        var random = new SplitMix64(_seed, Stream(window));
        Shuffle(order, ref random);
    }

    /// <summary>Fisher and Yates, from the last position down.</summary>
    private static void Shuffle(Span<int> values, ref SplitMix64 random)
    {
        for (int last = values.Length - 1; last > 0; last--)
        {
            int other = random.Below(last + 1);
            (values[last], values[other]) = (values[other], values[last]);
        }
    }

    private ulong Stream(int window) => ((ulong)(uint)_pass << 32) | (uint)(window + 1);
}
