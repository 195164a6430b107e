namespace Dlrm.Layers;

/// <summary>Which part of a table divided by hash holds a row, and where (<see cref="Distributed.TableSharding.RowHash"/>).</summary>
/// <remarks>
/// Row r goes to place p = r·a mod E, and part i has the places [E·i / n, E·(i + 1) / n). The factor a is the number nearest
/// to E/φ (φ the golden ratio) that has no divisor in common with E: places are a permutation of the rows, so parts need
/// no tables of numbers; and the first k rows, which are the frequent ones where rows are numbered by frequency, spread
/// over the parts as evenly as any k can (a Kronecker sequence).
/// </remarks>
internal readonly struct RowHash
{
    private const double InverseGoldenRatio = 0.6180339887498949;

    private readonly ulong _rows;
    private readonly ulong _factor;
    private readonly ulong _inverse;

    /// <summary>The division of a table.</summary>
    /// <param name="rows">E, 1 or more.</param>
    public RowHash(int rows)
    {
        _rows = (ulong)rows;
        long factor = Math.Max(1, (long)Math.Round(rows * InverseGoldenRatio));
        for (long distance = 0; ; distance++)
        {
            if (IsCoprime(factor + distance, rows))
            {
                factor += distance;
                break;
            }

            if (factor > distance && IsCoprime(factor - distance, rows))
            {
                factor -= distance;
                break;
            }
        }

        _factor = (ulong)factor;
        _inverse = (ulong)Inverse(factor % rows, rows);
    }

    /// <summary>The first place of a part.</summary>
    /// <param name="rows">E.</param>
    /// <param name="part">Part number, or n for the end.</param>
    /// <param name="parts">n.</param>
    public static int Start(int rows, int part, int parts) => (int)((long)rows * part / parts);

    /// <summary>p of a row.</summary>
    /// <param name="row">0 … E − 1.</param>
    public int Place(int row) => (int)((ulong)row * _factor % _rows);

    /// <summary>The row at a place.</summary>
    /// <param name="place">0 … E − 1.</param>
    public int Row(int place) => (int)((ulong)place * _inverse % _rows);

    /// <summary>The part that holds a row.</summary>
    /// <param name="row">0 … E − 1.</param>
    /// <param name="parts">n.</param>
    public int Part(int row, int parts)
    {
        // The largest i with ⌊E·i / n⌋ ≤ p.
        long place = Place(row);
        return (int)((((place + 1) * parts) - 1) / (long)_rows);
    }

    private static bool IsCoprime(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a == 1;
    }

    /// <summary>The number whose product with <paramref name="value"/> leaves 1, by Euclid's algorithm.</summary>
    private static long Inverse(long value, long modulus)
    {
        (long previous, long current) = (0, 1);
        (long a, long b) = (modulus, value);
        while (b > 1)
        {
            long quotient = a / b;
            (a, b) = (b, a % b);
            (previous, current) = (current, previous - (quotient * current));
        }

        return modulus == 1 ? 0 : ((current % modulus) + modulus) % modulus;
    }
}
