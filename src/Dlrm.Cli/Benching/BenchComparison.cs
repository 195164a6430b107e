using System.Globalization;
using System.Text.Json;

namespace Dlrm.Cli.Benching;

/// <summary>Measures rows again and says which of them came down: <c>dlrm bench --compare</c>.</summary>
/// <remarks>
/// Shares of the floor are compared, never times: the floor is measured in the same run, so a slower or busier machine
/// changes both. The fastest steps count, and a row that seems worse is measured twice more before it is: one busy moment
/// fails nothing.
/// </remarks>
internal static class BenchComparison
{
    private const int Attempts = 3;

    /// <summary>Measures and prints.</summary>
    /// <param name="baseline">The rows to measure.</param>
    /// <param name="maxDrop">The part of its share that a row may lose.</param>
    /// <param name="options">How; the rows say what.</param>
    /// <param name="output">Where a line a row goes, or with JSON the rows as they were measured now.</param>
    /// <param name="verdicts">Where lines go with JSON.</param>
    /// <param name="measured">Takes the rows as they were measured now.</param>
    /// <returns>True when no row is worse.</returns>
    public static bool Run(
        IReadOnlyList<BaselineRow> baseline,
        double maxDrop,
        BenchOptions options,
        TextWriter output,
        TextWriter verdicts,
        ICollection<BenchResult> measured)
    {
        TextWriter lines = options.Json ? verdicts : output;
        bool good = true;
        lines.WriteLine($"{"",-32}{"training",24}{"inference",27}");
        lines.WriteLine($"{"preset, batch, threads",-32}{"then",8}{"now",8}{"ratio",8}{"then",11}{"now",8}{"ratio",8}");
        foreach (BaselineRow row in baseline)
        {
            if (row.Threads > Environment.ProcessorCount)
            {
                lines.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{Name(row),-32}  left out: this machine has {Environment.ProcessorCount} cores"));
                continue;
            }

            BenchResult now = Measure(row, maxDrop, options);
            measured.Add(now);
            bool worse = IsWorse(row, now, maxDrop);
            good &= !worse;
            lines.WriteLine(Line(row, now) + (worse ? "  worse" : ""));
            if (options.Json)
            {
                output.WriteLine(JsonSerializer.Serialize(now, BenchJson.Default.BenchResult));
            }
        }

        if (!good)
        {
            lines.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"A row lost more than {maxDrop:0.##%} of its share of the floor, measured {Attempts} times."));
        }

        return good;
    }

    /// <summary>Whether training or inference lost more of its share than it may.</summary>
    internal static bool IsWorse(BaselineRow row, BenchResult now, double maxDrop)
        => now.BestFractionOfFloor < row.Train * (1 - maxDrop) || now.BestInferFractionOfFloor < row.Infer * (1 - maxDrop);

    private static BenchResult Measure(BaselineRow row, double maxDrop, BenchOptions options)
    {
        BenchOptions one = options with { Preset = row.Preset, Batch = row.Batch, Threads = row.Threads };
        BenchResult best = BenchRunner.Measure(one);
        for (int attempt = 1; attempt < Attempts && IsWorse(row, best, maxDrop); attempt++)
        {
            BenchResult again = BenchRunner.Measure(one);
            best = Sum(again) > Sum(best) ? again : best;
        }

        return best;

        static double Sum(BenchResult result) => result.BestFractionOfFloor + result.BestInferFractionOfFloor;
    }

    private static string Name(BaselineRow row) => string.Create(CultureInfo.InvariantCulture, $"{row.Preset}, {row.Batch}, {row.Threads}");

    private static string Line(BaselineRow row, BenchResult now) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name(row),-32}{row.Train,8:0.000}{now.BestFractionOfFloor,8:0.000}{now.BestFractionOfFloor / row.Train,8:0.00}"
        + $"{row.Infer,11:0.000}{now.BestInferFractionOfFloor,8:0.000}{now.BestInferFractionOfFloor / row.Infer,8:0.00}");
}
