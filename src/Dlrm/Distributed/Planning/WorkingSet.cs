namespace Dlrm.Distributed.Planning;

/// <summary>
/// How much memory a host touches between two visits of a row (Denning's working set, 1968), from which follows in which cache the
/// row still is, whatever caches there are.
/// </summary>
/// <remarks>
/// A table with n lookups a step gives a row of class c the rate λ = n · share / rows; over T steps the class touches
/// rows · (1 − e^(−λT)) rows. Beside the tables each step touches the same activations and weights once.
/// </remarks>
internal sealed class WorkingSet
{
    /// <summary>From 1 step to 4^32 steps, in quarters of a doubling.</summary>
    private const int Points = 257;

    private const double PointsPerDoubling = 4;

    private readonly IReadOnlyList<TableUse> _tables;
    private readonly double _stream;
    private readonly double _hosts;
    private readonly double[] _bytes = new double[Points];

    /// <summary>A step.</summary>
    /// <param name="tables">All tables of the model.</param>
    /// <param name="streamBytes">Activations and weights of a host's ranks.</param>
    /// <param name="hosts">Hosts that share the tables.</param>
    public WorkingSet(IReadOnlyList<TableUse> tables, double streamBytes, int hosts)
    {
        _tables = tables;
        _stream = streamBytes;
        _hosts = hosts;
        for (int point = 0; point < Points; point++)
        {
            double steps = Math.Pow(2, point / PointsPerDoubling);
            _bytes[point] = _stream + (_tables.Sum(table => TableBytes(table, steps)) / _hosts);
        }
    }

    /// <summary>Bytes that a host touches in some steps.</summary>
    /// <param name="steps">T, 1 or more.</param>
    public double Bytes(double steps)
    {
        double place = Math.Clamp(Math.Log2(steps) * PointsPerDoubling, 0, Points - 1);
        int point = Math.Min((int)place, Points - 2);
        return _bytes[point] + ((place - point) * (_bytes[point + 1] - _bytes[point]));
    }

    /// <summary>Nanoseconds to read what a table's lookups of a step ask for.</summary>
    /// <param name="table">One of the tables.</param>
    /// <param name="rowBytes">Bytes of a row, or of the columns of it that a part has.</param>
    /// <param name="speeds">This machine's.</param>
    public double Gather(TableUse table, double rowBytes, RowSpeeds speeds)
    {
        double nanoseconds = 0;
        foreach (RowClass c in table.Lookups.Classes)
        {
            double rate = table.PerStep * c.Share / c.Rows;
            double first = TableLookups.TouchedShare(rate);

            // A row's first visit in a step comes after the other tables'; further ones follow within its own table.
            nanoseconds += c.Rows * first * speeds.Gather(Bytes(Math.Max(1, 1 / rate)), rowBytes);
            if (rate > first)
            {
                nanoseconds += c.Rows * (rate - first) * speeds.Gather(TableBytes(table, 1 / rate), rowBytes);
            }
        }

        return nanoseconds;
    }

    /// <summary>Nanoseconds to read and write back the different rows that a step looks up, which it has read before.</summary>
    /// <param name="table">One of the tables.</param>
    /// <param name="rowBytes">Bytes of a row and its optimizer's state.</param>
    /// <param name="speeds">This machine's.</param>
    public double Update(TableUse table, double rowBytes, RowSpeeds speeds) =>
        table.Lookups.Distinct(table.PerStep) * speeds.Update(Bytes(1), rowBytes);

    private static double TableBytes(TableUse table, double steps) => table.Lookups.Distinct(table.PerStep * steps) * table.RowBytes;
}

/// <summary>A table in a step.</summary>
/// <param name="Lookups">How it is looked up.</param>
/// <param name="PerStep">Lookups of the whole batch.</param>
/// <param name="RowBytes">Bytes of a row.</param>
internal sealed record TableUse(TableLookups Lookups, double PerStep, double RowBytes);
