namespace Dlrm.Distributed.Planning;

/// <summary>What the tables ask of each rank, added up.</summary>
internal sealed class RankLoads
{
    /// <summary>Nothing on any rank.</summary>
    /// <param name="ranks">N.</param>
    public RankLoads(int ranks)
    {
        Gather = new double[ranks];
        Update = new double[ranks];
        Columns = new double[ranks];
        Lookups = new double[ranks];
        Memory = new double[ranks];
        Parts = new int[ranks];
    }

    /// <summary>Seconds.</summary>
    public double[] Gather { get; }

    /// <summary>Seconds.</summary>
    public double[] Update { get; }

    /// <summary>Elements of pooled vectors a sample.</summary>
    public double[] Columns { get; }

    /// <summary>Lookups of a step.</summary>
    public double[] Lookups { get; }

    /// <summary>Bytes, replicated tables not counted.</summary>
    public double[] Memory { get; }

    /// <summary>Tables and parts.</summary>
    public int[] Parts { get; }

    /// <summary>What every rank has besides.</summary>
    public PartCost Everywhere { get; private set; }

    /// <summary>Elements of replicated tables.</summary>
    public double ReducedElements { get; private set; }

    /// <summary>Of all ranks.</summary>
    public double AllColumns { get; private set; }

    /// <summary>Of all ranks.</summary>
    public int AllParts { get; private set; }

    /// <summary>Of all ranks.</summary>
    public double AllLookups { get; private set; }

    /// <summary>Puts a table on ranks, or takes it off.</summary>
    /// <param name="choice">How it is divided.</param>
    /// <param name="ranks">Which ranks have the parts.</param>
    /// <param name="sign">1 or −1.</param>
    public void Add(ShardChoice choice, IReadOnlyList<int> ranks, int sign)
    {
        if (choice.IsReplicated)
        {
            PartCost own = choice.Parts[0];
            Everywhere = new PartCost(
                Everywhere.Gather + (sign * own.Gather), Everywhere.Update + (sign * own.Update), 0, 0, Everywhere.Memory + (sign * own.Memory));
            ReducedElements += sign * choice.ReducedElements;
            return;
        }

        for (int part = 0; part < ranks.Count; part++)
        {
            Add(choice.Parts[part], ranks[part], sign);
        }
    }

    /// <summary>Puts one part on a rank, or takes it off.</summary>
    public void Add(in PartCost part, int rank, int sign)
    {
        Gather[rank] += sign * part.Gather;
        Update[rank] += sign * part.Update;
        Columns[rank] += sign * part.Columns;
        Lookups[rank] += sign * part.Lookups;
        Memory[rank] += sign * part.Memory;
        Parts[rank] += sign;
        AllColumns += sign * part.Columns;
        AllParts += sign;
        AllLookups += sign * part.Lookups;
    }
}
