using System.Globalization;
using Dlrm.Cli.Output;
using Dlrm.Distributed;
using Dlrm.Distributed.Planning;
using Dlrm.Memory;
using Dlrm.Model;
using Spectre.Console;

namespace Dlrm.Cli.Planning;

/// <summary>A plan for people: where each table goes, what a step takes, what each rank has.</summary>
internal static class PlanTables
{
    private const int MostRanks = 16;
    private const int FileWidth = 140;

    /// <summary>Prints it.</summary>
    /// <param name="result">The plan.</param>
    /// <param name="measured">What steps took; null when none were made.</param>
    /// <param name="console">Where to.</param>
    public static void Write(PlanResult result, MeasuredStep? measured, ToolConsole console)
    {
        IAnsiConsole output = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = console.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(console.Out),
        });
        if (!console.IsTerminal)
        {
            output.Profile.Width = FileWidth;
        }

        PlanRequest request = result.Request;
        console.Out.WriteLine(Text(
            $"{request.Model.TableRows.Count} tables, batch {request.BatchSize:N0}, {request.Ranks} {(request.Ranks == 1 ? "rank" : "ranks")} on {request.Hosts} {(request.Hosts == 1 ? "host" : "hosts")}, {result.ThreadsPerRank} {(result.ThreadsPerRank == 1 ? "thread" : "threads")} each, {SystemMemory.Describe(result.MemoryPerRank)} a rank, {request.Optimizer}"));
        console.Out.WriteLine(Text($"machine: {request.Machine.Description}"));
        output.Write(Placements(result));
        output.Write(Stages(result));
        output.Write(Ranks(result.Prediction.Ranks));
        if (measured is not null)
        {
            output.Write(Check(result.Prediction, measured));
        }

        console.Out.WriteLine("A projection from the machine's figures, not a measurement; docs/plan.md says how it is made.");
    }

    private static Table Placements(PlanResult result)
    {
        Table table = New(("table", false), ("rows", true), ("dim", true), ("bytes", true), ("lookups", true), ("top row", true), ("kept", false), ("ranks", false));
        foreach ((TableLayout layout, TablePlacement placement) in TableLayout.Of(result.Request.Model).Zip(result.Plan.Tables))
        {
            TableLookups lookups = result.Request.Lookups[layout.Number];
            table.AddRow(
                Text($"emb_l.{layout.Number}"),
                Text($"{layout.Rows:N0}"),
                Text($"{layout.Dimension}"),
                SystemMemory.Describe(layout.Bytes),
                Text($"{lookups.PerSample:0.##}"),
                Text($"{100 * lookups.TopShare:0.00} %"),
                Kind(placement),
                placement.Sharding == TableSharding.Replicated ? "all" : RankList(placement.Ranks));
        }

        return table;
    }

    private static Table Stages(PlanResult result)
    {
        Table table = New(("ms of a step", false), ("plan", true), ("contiguous", true), ("greedy", true));
        for (int stage = 0; stage < result.Prediction.Stages.Count; stage++)
        {
            table.AddRow(
                result.Prediction.Stages[stage].Name,
                Milliseconds(result.Prediction.Stages[stage].Milliseconds),
                Milliseconds(result.Contiguous.Prediction.Stages[stage].Milliseconds),
                Milliseconds(result.Greedy.Prediction.Stages[stage].Milliseconds));
        }

        table.AddRow(
            "step",
            Milliseconds(result.Prediction.StepMs),
            Milliseconds(result.Contiguous.Prediction.StepMs),
            Milliseconds(result.Greedy.Prediction.StepMs));
        table.AddRow(
            "samples/s",
            Text($"{result.Prediction.SamplesPerSecond:N0}"),
            Text($"{result.Contiguous.Prediction.SamplesPerSecond:N0}"),
            Text($"{result.Greedy.Prediction.SamplesPerSecond:N0}"));
        table.AddRow("memory missing", "none", Missing(result.Contiguous), Missing(result.Greedy));
        return table;
    }

    /// <summary>Beside what was measured on rank 0; waiting is what other ranks took longer.</summary>
    private static Table Check(StepPrediction prediction, MeasuredStep measured)
    {
        Table table = New(("stage, as in dlrm bench", false), ("predicted ms", true), ("measured ms", true), ("ratio", true));
        foreach ((string stage, double milliseconds) in measured.Breakdown)
        {
            double expected = prediction.Breakdown.GetValueOrDefault(stage);
            table.AddRow(stage, Milliseconds(expected), Milliseconds(milliseconds), milliseconds > 0 ? Text($"{expected / milliseconds:0.00}") : "");
        }

        table.AddRow(
            Text($"step, quartile of {measured.Steps}"),
            Milliseconds(prediction.StepMs),
            Milliseconds(measured.StepMs),
            Text($"{prediction.StepMs / measured.StepMs:0.00}"));
        return table;
    }

    /// <summary>Every rank, or of many the least, the mean and the most.</summary>
    private static Table Ranks(IReadOnlyList<RankPrediction> ranks)
    {
        Table table = New(("rank", false), ("parts", true), ("gather ms", true), ("update ms", true), ("sent", true), ("received", true), ("memory", true));
        if (ranks.Count <= MostRanks)
        {
            foreach (RankPrediction rank in ranks)
            {
                Add(Text($"{rank.Rank}"), select => select(rank));
            }
        }
        else
        {
            Add("least", select => ranks.Min(select));
            Add("mean", select => ranks.Average(select));
            Add("most", select => ranks.Max(select));
        }

        return table;

        void Add(string name, Func<Func<RankPrediction, double>, double> of) => table.AddRow(
            name,
            Text($"{of(rank => rank.Parts):0.#}"),
            Milliseconds(of(rank => rank.GatherMs)),
            Milliseconds(of(rank => rank.UpdateMs)),
            SystemMemory.Describe((long)of(rank => rank.SentBytes)),
            SystemMemory.Describe((long)of(rank => rank.ReceivedBytes)),
            SystemMemory.Describe((long)of(rank => rank.MemoryBytes)));
    }

    private static Table New(params (string Name, bool Right)[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach ((string name, bool right) in columns)
        {
            var column = new TableColumn(name) { NoWrap = true };
            table.AddColumn(right ? column.RightAligned() : column);
        }

        return table;
    }

    private static string Kind(TablePlacement placement) => placement.Sharding switch
    {
        TableSharding.Table => "whole",
        TableSharding.Replicated => "replicated",
        TableSharding.RowBlock => Text($"row-block in {placement.Ranks.Count}"),
        TableSharding.RowHash => Text($"row-hash in {placement.Ranks.Count}"),
        _ => Text($"column in {placement.Ranks.Count}"),
    };

    /// <summary>Runs of neighbours as 0-7; long lists are cut.</summary>
    private static string RankList(IReadOnlyList<int> ranks)
    {
        var runs = new List<string>();
        int[] sorted = [.. ranks.Order()];
        for (int i = 0; i < sorted.Length;)
        {
            int end = i;
            while (end + 1 < sorted.Length && sorted[end + 1] == sorted[end] + 1)
            {
                end++;
            }

            runs.Add(end == i ? Text($"{sorted[i]}") : Text($"{sorted[i]}-{sorted[end]}"));
            i = end + 1;
        }

        return runs.Count <= 6 ? string.Join(' ', runs) : string.Join(' ', runs.Take(6)) + " …";
    }

    private static string Missing(Baseline baseline) => baseline.Fits ? "none" : SystemMemory.Describe((long)baseline.MissingBytes);

    private static string Milliseconds(double value) => Text($"{value:N3}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
