namespace Dlrm.Distributed.Planning;

/// <summary>Betters an assignment until no step does: tables divided otherwise, parts moved, parts exchanged.</summary>
/// <remarks>
/// Everything goes in a fixed order and the first of equals wins, so the same request gives the same plan. A step is taken
/// when <see cref="Score"/> says better, so the search also empties ranks that are too full, and evens out ranks that do not
/// (yet) decide the time.
/// </remarks>
internal sealed class PlanSearch
{
    private const int MostRounds = 40;
    private const long MostExchanges = 1_000_000; // rank visits spent on exchanging parts in a round

    private readonly StepModel _model;
    private readonly IReadOnlyList<ShardChoice>[] _choices;
    private readonly double[] _work;
    private readonly int[] _order;

    /// <summary>Over the choices of every table.</summary>
    public PlanSearch(StepModel model)
    {
        _model = model;
        _choices = [.. model.Tables.Select(table => table.Choices())];
        _work = new double[model.Ranks];
        _order = new int[model.Ranks];
    }

    /// <summary>Ways to divide a table.</summary>
    public IReadOnlyList<ShardChoice> Choices(int table) => _choices[table];

    /// <summary>
    /// Puts tables down one by one, the costliest first (longest processing time first, Graham 1969), each in the way that
    /// is best so far.
    /// </summary>
    /// <param name="allowed">Which choices to look at.</param>
    /// <param name="whole">So many tables are kept whole at first, whatever is allowed for the others.</param>
    public Assignment Seed(Func<ShardChoice, bool> allowed, int whole = 0)
    {
        var assignment = new Assignment(_model);
        IEnumerable<int> order = Enumerable.Range(0, assignment.Tables)
            .OrderByDescending(table => Cost(_choices[table][0].Parts[0])).ThenBy(table => table);
        foreach (int table in order)
        {
            bool free = whole-- <= 0;
            PutBest(assignment, table, _choices[table].Where(choice => free ? allowed(choice) : choice.Sharding == TableSharding.Table));
        }

        return assignment;
    }

    /// <summary>Betters an assignment in place.</summary>
    /// <returns>What it has come to.</returns>
    public Score Improve(Assignment assignment)
    {
        Score score = assignment.Score();
        for (int round = 0; round < MostRounds; round++)
        {
            Score before = score;
            for (int table = 0; table < assignment.Tables; table++)
            {
                score = DivideOtherwise(assignment, table, score);
            }

            score = Exchange(assignment, score);
            if (!score.IsBetterThan(before))
            {
                break;
            }
        }

        return score;
    }

    /// <summary>Ranks for the parts of a table: the costliest part to the rank with the least work that has room.</summary>
    public int[] Place(Assignment assignment, ShardChoice choice)
    {
        if (choice.IsReplicated)
        {
            return [];
        }

        for (int rank = 0; rank < _model.Ranks; rank++)
        {
            _order[rank] = rank;
            _work[rank] = _model.Work(assignment.Loads, rank);
        }

        Array.Sort(_work, _order);
        int[] parts = [.. Enumerable.Range(0, choice.Parts.Length).OrderByDescending(part => Cost(choice.Parts[part])).ThenBy(part => part)];
        int[] ranks = new int[parts.Length];
        Span<int> free = _order;
        foreach (int part in parts)
        {
            int place = 0;
            while (place < free.Length && _model.MemoryOf(assignment.Loads, free[place]) + choice.Parts[part].Memory > _model.MemoryLimit)
            {
                place++;
            }

            // Where none has room the search will find some, or it does not fit.
            place = place == free.Length ? 0 : place;
            ranks[part] = free[place];
            free[..place].CopyTo(free[1..]);
            free = free[1..];
        }

        return ranks;
    }

    private static double Cost(in PartCost part) => part.Gather + part.Update;

    private Score PutBest(Assignment assignment, int table, IEnumerable<ShardChoice> choices)
    {
        ShardChoice? best = null;
        int[] bestRanks = [];
        Score bestScore = default;
        foreach (ShardChoice choice in choices)
        {
            assignment.Take(table);
            int[] ranks = Place(assignment, choice);
            assignment.Put(table, choice, ranks);
            Score score = assignment.Score();
            if (best is null || score.IsBetterThan(bestScore))
            {
                (best, bestRanks, bestScore) = (choice, ranks, score);
            }
        }

        assignment.Put(table, best!, bestRanks);
        return bestScore;
    }

    private Score DivideOtherwise(Assignment assignment, int table, Score score)
    {
        ShardChoice old = assignment.Choice(table)!;
        int[] oldRanks = [.. assignment.Ranks(table)];
        Score best = PutBest(assignment, table, _choices[table]);
        if (best.IsBetterThan(score))
        {
            return best;
        }

        assignment.Put(table, old, oldRanks);
        return score;
    }

    /// <summary>Parts of the busiest rank against parts of others, and to others.</summary>
    private Score Exchange(Assignment assignment, Score score)
    {
        long budget = MostExchanges;
        bool found = true;
        while (found && budget > 0)
        {
            found = false;
            foreach (int busy in BusiestRanks(assignment))
            {
                foreach ((int table, int part) in PartsOn(assignment, busy))
                {
                    if (TryMoves(assignment, table, part, busy, ref score, ref budget)
                        || TryExchanges(assignment, table, part, busy, ref score, ref budget))
                    {
                        found = true;
                        break;
                    }
                }
            }
        }

        return score;
    }

    private bool TryMoves(Assignment assignment, int table, int part, int busy, ref Score score, ref long budget)
    {
        for (int rank = 0; rank < _model.Ranks && budget > 0; rank++)
        {
            if (assignment.Ranks(table).Contains(rank))
            {
                continue;
            }

            budget -= _model.Ranks;
            assignment.Move(table, part, rank);
            Score moved = assignment.Score();
            if (moved.IsBetterThan(score))
            {
                score = moved;
                return true;
            }

            assignment.Move(table, part, busy);
        }

        return false;
    }

    private bool TryExchanges(Assignment assignment, int table, int part, int busy, ref Score score, ref long budget)
    {
        for (int other = 0; other < assignment.Tables; other++)
        {
            for (int otherPart = 0; otherPart < assignment.Ranks(other).Length && budget > 0; otherPart++)
            {
                int rank = assignment.Ranks(other)[otherPart];
                if (other == table || rank == busy || assignment.Ranks(table).Contains(rank) || assignment.Ranks(other).Contains(busy))
                {
                    continue;
                }

                budget -= _model.Ranks;
                assignment.Move(table, part, rank);
                assignment.Move(other, otherPart, busy);
                Score exchanged = assignment.Score();
                if (exchanged.IsBetterThan(score))
                {
                    score = exchanged;
                    return true;
                }

                assignment.Move(table, part, busy);
                assignment.Move(other, otherPart, rank);
            }
        }

        return false;
    }

    /// <summary>The ranks that decide a stage, and the fullest one.</summary>
    private IEnumerable<int> BusiestRanks(Assignment assignment)
    {
        RankLoads loads = assignment.Loads;
        int[] ranks = [.. Enumerable.Range(0, _model.Ranks)];
        return new[]
        {
            ranks.MaxBy(rank => _model.Work(loads, rank)), ranks.MaxBy(rank => loads.Gather[rank]), ranks.MaxBy(rank => loads.Update[rank]),
            ranks.MaxBy(rank => loads.Columns[rank]), ranks.MaxBy(rank => _model.MemoryOf(loads, rank)),
        }.Distinct();
    }

    private static List<(int Table, int Part)> PartsOn(Assignment assignment, int rank)
    {
        var parts = new List<(int, int)>();
        for (int table = 0; table < assignment.Tables; table++)
        {
            int part = Array.IndexOf(assignment.Ranks(table), rank);
            if (part >= 0)
            {
                parts.Add((table, part));
            }
        }

        return parts;
    }
}
