namespace Dlrm.Distributed.Planning;

/// <summary>A plan in the making: how each table is divided and where its parts are, with what that comes to.</summary>
internal sealed class Assignment
{
    private readonly StepModel _model;
    private readonly ShardChoice?[] _choices;
    private readonly int[][] _ranks;

    /// <summary>Nothing placed.</summary>
    public Assignment(StepModel model)
    {
        _model = model;
        _choices = new ShardChoice?[model.Tables.Length];
        _ranks = [.. _choices.Select(_ => Array.Empty<int>())];
        Loads = new RankLoads(model.Ranks);
    }

    /// <summary>What the ranks have.</summary>
    public RankLoads Loads { get; }

    /// <summary>Tables.</summary>
    public int Tables => _choices.Length;

    /// <summary>How a table is divided; null while it has no place.</summary>
    public ShardChoice? Choice(int table) => _choices[table];

    /// <summary>Ranks of a table's parts.</summary>
    public int[] Ranks(int table) => _ranks[table];

    /// <summary>Puts a table somewhere.</summary>
    public void Put(int table, ShardChoice choice, int[] ranks)
    {
        Take(table);
        _choices[table] = choice;
        _ranks[table] = choice.IsReplicated ? [] : ranks;
        Loads.Add(choice, _ranks[table], 1);
    }

    /// <summary>Takes a table away.</summary>
    public void Take(int table)
    {
        if (_choices[table] is { } choice)
        {
            Loads.Add(choice, _ranks[table], -1);
            _choices[table] = null;
            _ranks[table] = [];
        }
    }

    /// <summary>Moves one part to another rank.</summary>
    public void Move(int table, int part, int rank)
    {
        ref readonly PartCost cost = ref _choices[table]!.Parts[part];
        Loads.Add(cost, _ranks[table][part], -1);
        Loads.Add(cost, rank, 1);
        _ranks[table][part] = rank;
    }

    /// <summary>How good it is.</summary>
    public Score Score()
    {
        // The eighth power: of two ranks that are equally late it counts when one is not any more.
        double unevenness = 0;
        for (int rank = 0; rank < _model.Ranks; rank++)
        {
            double square = _model.Work(Loads, rank) * _model.Work(Loads, rank);
            unevenness += square * square * square * square;
        }

        return new Score(_model.Overflow(Loads), _model.Seconds(Loads), unevenness);
    }

    /// <summary>A copy that can go its own way.</summary>
    public Assignment Copy()
    {
        var copy = new Assignment(_model);
        for (int table = 0; table < Tables; table++)
        {
            if (_choices[table] is { } choice)
            {
                copy.Put(table, choice, [.. _ranks[table]]);
            }
        }

        return copy;
    }

    /// <summary>As plan.json has it; parts stand by rank where their order is free.</summary>
    public ShardPlan ToPlan() => new(_model.Ranks, [.. Enumerable.Range(0, Tables).Select(table => new TablePlacement(
        table, _choices[table]!.Sharding, _ranks[table], _choices[table]!.Bounds))]);
}

/// <summary>Plans are compared by what does not fit, then by the step's time, then by how even the ranks are.</summary>
/// <param name="Overflow">Bytes beyond the ranks' memory.</param>
/// <param name="Seconds">Of a step.</param>
/// <param name="Unevenness">Sum of a high power of the ranks' work.</param>
internal readonly record struct Score(double Overflow, double Seconds, double Unevenness)
{
    private const double Least = 1e-9; // of the whole: less is rounding

    /// <summary>Whether this is better than another by more than rounding.</summary>
    public bool IsBetterThan(Score other)
    {
        if (Math.Abs(Overflow - other.Overflow) > Math.Max(1, Least * other.Overflow))
        {
            return Overflow < other.Overflow;
        }

        return Math.Abs(Seconds - other.Seconds) > Least * other.Seconds
            ? Seconds < other.Seconds
            : Unevenness < other.Unevenness * (1 - 1e-6);
    }
}
