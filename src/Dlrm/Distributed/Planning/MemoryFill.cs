namespace Dlrm.Distributed.Planning;

/// <summary>
/// Fits tables into the ranks' memory with as little dividing as it takes, and no look at time: large tables flow over as
/// many ranks as they need, in blocks of rows.
/// </summary>
internal static class MemoryFill
{
    private const double Spare = 4096; // bytes of a rank: sums of doubles differ by their order

    private const int Passes = 8;

    /// <summary>Fits them.</summary>
    /// <param name="model">The request.</param>
    /// <param name="missing">Bytes that found no place; 0 when all did.</param>
    /// <returns>The assignment; null when something found no place.</returns>
    public static Assignment? TryFill(StepModel model, out double missing)
    {
        // Every division makes all ranks receive more: what the last pass came to is set aside in the next one.
        double aside = 0;
        missing = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            var assignment = new Assignment(model);
            var filling = new Filling(model, assignment, aside);
            missing = Order(model).Sum(filling.Put);
            if (missing == 0 && model.Overflow(assignment.Loads) == 0)
            {
                return assignment;
            }

            if (missing > 0 || filling.Received <= aside)
            {
                missing = Math.Max(missing, model.Overflow(assignment.Loads));
                return null;
            }

            aside = filling.Received;
        }

        return null;
    }

    /// <summary>What cannot be divided first, then by size.</summary>
    private static IEnumerable<int> Order(StepModel model) => Enumerable.Range(0, model.Tables.Length)
        .OrderBy(table => model.Tables[table].IsDivisible)
        .ThenByDescending(table => model.Tables[table].Rows * model.Tables[table].RowBytes)
        .ThenBy(table => table);

    private sealed class Filling
    {
        private readonly StepModel _model;
        private readonly Assignment _assignment;
        private readonly double[] _room;

        public Filling(StepModel model, Assignment assignment, double aside)
        {
            _model = model;
            _assignment = assignment;

            // Every rank receives all columns of its samples but its own.
            double received = 2 * model.Tables.Sum(table => table.ReceivedBytes);
            _room = new double[model.Ranks];
            Array.Fill(_room, model.MemoryLimit - model.FixedMemory - Spare - aside - (model.Ranks == 1 ? 0 : received));
        }

        /// <summary>Bytes that every rank receives because tables lie in parts.</summary>
        public double Received { get; private set; }

        /// <summary>Puts a table down; gives the bytes that found no place.</summary>
        public double Put(int table)
        {
            TableCosts costs = _model.Tables[table];
            ShardChoice whole = costs.Whole();
            int roomiest = Roomiest();
            if (whole.Parts[0].Memory <= _room[roomiest] || !costs.IsDivisible)
            {
                double over = Math.Max(0, whole.Parts[0].Memory - Math.Max(0, _room[roomiest]));
                _room[roomiest] -= whole.Parts[0].Memory;
                _assignment.Put(table, whole, [roomiest]);
                return over;
            }

            return Divide(table, costs);
        }

        /// <summary>Over the fewest ranks that hold it, the roomiest first, each as full as it gets.</summary>
        private double Divide(int table, TableCosts costs)
        {
            long rows = (long)costs.Rows;
            int[] ranks = [.. Enumerable.Range(0, _model.Ranks).OrderByDescending(rank => _room[rank]).ThenBy(rank => rank)];
            long held = 0;
            for (int parts = 2; parts <= ranks.Length; parts++)
            {
                long[] fit = [.. ranks.Take(parts).Select(rank => (long)Math.Max(0, (_room[rank] - costs.PartBuffers) / costs.RowBytes))];
                held = Math.Max(held, fit.Sum());
                if (fit.Sum() >= rows && fit[^1] > 0)
                {
                    Received += 2 * (parts - 1) * costs.ReceivedBytes;
                    Put(table, costs, rows, fit, ranks[..parts]);
                    return 0;
                }
            }

            Array.Clear(_room);
            return (rows - held) * costs.RowBytes;
        }

        private void Put(int table, TableCosts costs, long rows, long[] fit, int[] ranks)
        {
            long[] bounds = new long[fit.Length + 1];
            for (int part = 0; part < fit.Length; part++)
            {
                bounds[part + 1] = Math.Min(bounds[part] + fit[part], rows - (fit.Length - 1 - part));
            }

            ShardChoice blocks = costs.RowBlock(bounds);
            for (int part = 0; part < ranks.Length; part++)
            {
                _room[ranks[part]] -= blocks.Parts[part].Memory;
            }

            _assignment.Put(table, blocks, ranks);
        }

        private int Roomiest()
        {
            int roomiest = 0;
            for (int rank = 1; rank < _room.Length; rank++)
            {
                if (_room[rank] > _room[roomiest])
                {
                    roomiest = rank;
                }
            }

            return roomiest;
        }
    }
}
