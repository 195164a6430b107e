using System.Globalization;
using System.Text.Json.Serialization;

namespace Dlrm.Cli.Benching;

/// <summary>What <c>dlrm bench --ranks</c> measured. Times in milliseconds, bytes of rank 0 in a step.</summary>
internal sealed record RankBenchResult
{
    public string Preset { get; init; } = "";

    /// <summary>Samples of a step, of all ranks together.</summary>
    public int Batch { get; init; }

    public int Ranks { get; init; }

    /// <summary>Threads of a rank.</summary>
    public int Threads { get; init; }

    public int Hosts { get; init; }

    public string InstructionSet { get; init; } = "";

    /// <summary>Steps that were timed.</summary>
    public int Iters { get; init; }

    /// <summary>The median step, of the slowest rank.</summary>
    public double StepMs { get; init; }

    public double BestStepMs { get; init; }

    /// <summary>The median step of one process with all ranks' threads.</summary>
    public double ThreadsAloneMs { get; init; }

    public double ThreadsAloneBestMs { get; init; }

    /// <summary>Threads alone over ranks: 1 when dividing costs nothing.</summary>
    public double Efficiency => ThreadsAloneMs / StepMs;

    public double BestEfficiency => ThreadsAloneBestMs / BestStepMs;

    /// <summary>Stages of a step.</summary>
    public IReadOnlyDictionary<string, RankStage> Breakdown { get; init; } = new Dictionary<string, RankStage>();

    /// <summary>Lookups, pooled vectors and their gradients that went to other ranks.</summary>
    public long ExchangedBytes { get; init; }

    /// <summary>Gradients of towers that were added over ranks.</summary>
    public long ReducedBytes { get; init; }

    /// <summary>Bytes that were handed to MPI for other ranks.</summary>
    public long SentBytes { get; init; }
}

/// <summary>A stage of a step.</summary>
/// <param name="Ms">Its median on rank 0.</param>
/// <param name="SlowestMs">The median of the rank where it takes longest.</param>
internal sealed record RankStage(double Ms, double SlowestMs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RankBenchResult))]
internal sealed partial class RankBenchJson : JsonSerializerContext;

/// <summary>A result for people.</summary>
internal static class RankBenchTable
{
    /// <summary>Prints a result.</summary>
    /// <param name="result">What was measured.</param>
    /// <param name="output">Where to.</param>
    public static void Write(RankBenchResult result, TextWriter output)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string hosts = result.Hosts == 1 ? "" : string.Create(culture, $" on {result.Hosts} hosts");
        output.WriteLine(string.Create(
            culture,
            $"{result.Preset}, batch {result.Batch}, {result.Ranks} ranks x {Threads(result.Threads)}{hosts}, {result.InstructionSet}; medians of {result.Iters} steps"));
        output.WriteLine();
        output.WriteLine($"{"",-32}{"ms",10}{"samples/s",14}{"fastest",12}");
        Row($"1 process x {Threads(result.Threads * result.Ranks)}", result.ThreadsAloneMs, result.ThreadsAloneBestMs);
        Row($"{result.Ranks} ranks x {Threads(result.Threads)}", result.StepMs, result.BestStepMs);
        output.WriteLine(string.Create(
            culture, $"{"efficiency against threads",-32}{result.Efficiency,10:0 %}{"",14}{result.BestEfficiency,12:0 %}"));
        output.WriteLine();
        output.WriteLine(string.Create(
            culture,
            $"rank 0 a step: {result.SentBytes:N0} bytes to other ranks; {result.ExchangedBytes:N0} of lookups, vectors and their gradients, {result.ReducedBytes:N0} of tower gradients added"));
        output.WriteLine();
        output.WriteLine($"{"",-22}{"rank 0",10}{"slowest",10}");
        foreach ((string stage, RankStage time) in result.Breakdown)
        {
            output.WriteLine(string.Create(culture, $"{stage,-22}{time.Ms,10:0.000}{time.SlowestMs,10:0.000}"));
        }

        void Row(string name, double median, double fastest) => output.WriteLine(string.Create(
            culture, $"{name,-32}{median,10:0.000}{1e3 * result.Batch / median,14:N0}{fastest,12:0.000}"));
    }

    private static string Threads(int count) => count == 1 ? "1 thread" : string.Create(CultureInfo.InvariantCulture, $"{count} threads");
}
