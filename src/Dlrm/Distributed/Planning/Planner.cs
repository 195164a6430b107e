using System.Globalization;
using Dlrm.Memory;

namespace Dlrm.Distributed.Planning;

/// <summary>Chooses how each embedding table is divided and where its parts are kept, so that a step takes least.</summary>
/// <remarks>
/// Several beginnings (the reference's contiguous blocks, whole tables by size, whole tables by work, anything by work, and
/// what merely fits into memory) are each bettered by <see cref="PlanSearch"/>; the best one is the plan. So it is never worse than
/// either baseline by <see cref="StepModel"/>. The same request gives the same plan.
/// </remarks>
public static class Planner
{
    private const int Small = 2000; // ranks times tables
    private const int MostBettered = 3;

    /// <summary>Makes a plan.</summary>
    /// <param name="request">The model, the data and the machine.</param>
    /// <exception cref="ArgumentException">The request contradicts itself.</exception>
    /// <exception cref="InsufficientMemoryException">
    /// The ranks have too little memory; the message says how much is missing and how many ranks would do.
    /// </exception>
    public static PlanResult Plan(PlanRequest request)
    {
        request.Validate();
        var model = new StepModel(request);
        Assignment fitting = MemoryFill.TryFill(model, out double missing) ?? throw TooLittle(request, model, missing);
        var search = new PlanSearch(model);
        Assignment contiguous = Whole(model, search, ShardPlan.Contiguous(model.Tables.Length, request.Ranks));
        Assignment greedy = Whole(model, search, Greedy(request));
        // Of large requests only the most promising beginnings are bettered; whatever they were, the best one is the plan.
        Assignment[] starts = [.. Starts(search, contiguous, greedy, request.Ranks).Prepend(fitting)];
        int bettered = (long)request.Ranks * model.Tables.Length <= Small ? starts.Length : MostBettered;
        Assignment best = fitting;
        Score bestScore = fitting.Score();
        foreach ((Assignment start, int place) in Sorted(starts).Select((start, place) => (start, place)))
        {
            Score score = place < bettered ? search.Improve(start) : start.Score();
            if (score.IsBetterThan(bestScore))
            {
                (best, bestScore) = (start, score);
            }
        }

        StepPrediction prediction = model.Predict(best.Loads);
        return new PlanResult(
            best.ToPlan() with { Predicted = prediction }, prediction, Judge(model, contiguous), Judge(model, greedy), request);
    }

    /// <summary>What a given plan comes to.</summary>
    /// <param name="request">The model, the data and the machine.</param>
    /// <param name="plan">A plan for this model and number of ranks.</param>
    /// <exception cref="ArgumentException">The request contradicts itself, or the plan does not fit it.</exception>
    public static StepPrediction Predict(PlanRequest request, ShardPlan plan)
    {
        request.Validate();
        plan.Validate(request.Model);
        if (plan.Ranks != request.Ranks)
        {
            throw new ArgumentException($"The plan is for {plan.Ranks} ranks, the request for {request.Ranks}.");
        }

        var model = new StepModel(request);
        var assignment = new Assignment(model);
        foreach (TablePlacement placement in plan.Tables)
        {
            assignment.Put(placement.Table, model.Tables[placement.Table].ChoiceOf(placement), [.. placement.Ranks]);
        }

        return model.Predict(assignment.Loads);
    }

    /// <summary>The greedy baseline: whole tables, the largest first, each on the rank with the fewest bytes.</summary>
    /// <param name="request">The model and the ranks.</param>
    public static ShardPlan Greedy(PlanRequest request)
    {
        var placements = new TablePlacement[request.Model.TableRows.Count];
        double[] bytes = new double[request.Ranks];
        foreach (Model.TableLayout layout in Model.TableLayout.Of(request.Model).OrderByDescending(layout => layout.Bytes))
        {
            int rank = Array.IndexOf(bytes, bytes.Min());
            bytes[rank] += layout.Bytes;
            placements[layout.Number] = new TablePlacement(layout.Number, TableSharding.Table, [rank], []);
        }

        return new ShardPlan(request.Ranks, placements);
    }

    /// <summary>
    /// The fewest ranks whose memory holds the model, ranks of a host as in the request where there are several hosts; 0 when no
    /// number does.
    /// </summary>
    /// <param name="request">The model and the machine.</param>
    public static int LeastRanks(PlanRequest request)
    {
        int step = request.Hosts == 1 ? 1 : request.RanksPerHost;
        long most = Math.Min(request.BatchSize / step, (1 << 20) / step);
        long enough = 1;
        while (enough < most && !Fits(enough))
        {
            enough *= 2;
        }

        enough = Math.Min(enough, most);
        if (enough < 1 || !Fits(enough))
        {
            return 0;
        }

        long tooFew = enough / 2;
        while (enough - tooFew > 1)
        {
            long middle = (enough + tooFew) / 2;
            (tooFew, enough) = Fits(middle) ? (tooFew, middle) : (middle, enough);
        }

        return (int)(enough * step);

        bool Fits(long count) => MemoryFill.TryFill(
            new StepModel(request with
            {
                Ranks = (int)count * step,
                Hosts = request.Hosts == 1 ? 1 : (int)count,
                MemoryPerRank = request.Memory,
                ThreadsPerRank = request.Threads,
            }),
            out _) is not null;
    }

    private static IEnumerable<Assignment> Starts(PlanSearch search, Assignment contiguous, Assignment greedy, int ranks)
    {
        yield return contiguous.Copy();
        yield return greedy.Copy();
        yield return search.Seed(choice => choice.Sharding == TableSharding.Table);
        yield return search.Seed(choice => choice.Sharding is TableSharding.Table or TableSharding.Replicated);
        yield return search.Seed(choice => choice.Sharding != TableSharding.Column);
        yield return search.Seed(_ => true);

        // Tables that go round the ranks whole, and a rest that does not, divided to fill the gaps.
        int tables = contiguous.Tables;
        foreach (int whole in new[] { tables - (tables % ranks), tables - 1, tables - 2, tables - 4, tables / 2 }.Where(whole => whole > 0).Distinct())
        {
            yield return search.Seed(_ => true, whole);
        }
    }

    /// <summary>The best first, of equals the one that came first.</summary>
    private static IEnumerable<Assignment> Sorted(Assignment[] starts) => starts
        .Select(start => (Start: start, Score: start.Score()))
        .OrderBy(entry => Math.Round(entry.Score.Overflow)).ThenBy(entry => entry.Score.Seconds)
        .Select(entry => entry.Start);

    private static Assignment Whole(StepModel model, PlanSearch search, ShardPlan plan)
    {
        var assignment = new Assignment(model);
        foreach (TablePlacement placement in plan.Tables)
        {
            assignment.Put(placement.Table, search.Choices(placement.Table)[0], [.. placement.Ranks]);
        }

        return assignment;
    }

    private static Baseline Judge(StepModel model, Assignment assignment) =>
        new(model.Predict(assignment.Loads), model.Overflow(assignment.Loads));

    private static InsufficientMemoryException TooLittle(PlanRequest request, StepModel model, double missing)
    {
        double limit = model.MemoryLimit;
        if (model.FixedMemory >= limit)
        {
            return new InsufficientMemoryException(
                $"Each rank has {Size(limit)}, and needs {Size(model.FixedMemory)} for towers and activations alone, wherever the tables are: "
                + "raise --memory-per-rank or lower --mini-batch-size.");
        }

        int least = LeastRanks(request);
        string ranks = request.Ranks == 1 ? "1 rank" : string.Create(CultureInfo.InvariantCulture, $"{request.Ranks} ranks");
        return new InsufficientMemoryException(
            $"The model does not fit: {ranks} with {Size(limit)} each lack {Size(Math.Max(missing, 1))}. "
            + (least > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{least} ranks of this size are the fewest that hold it (--ranks={least})")
                : "More ranks do not help while a table that cannot be divided is larger than one")
            + ", or raise --memory-per-rank, or keep tables in 16 bits (--embedding-dtype=bf16).");
    }

    private static string Size(double bytes) => SystemMemory.Describe((long)bytes);
}
