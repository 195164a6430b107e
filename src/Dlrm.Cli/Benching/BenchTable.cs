using System.Globalization;

namespace Dlrm.Cli.Benching;

/// <summary>A result for people.</summary>
internal static class BenchTable
{
    /// <summary>Prints a result.</summary>
    /// <param name="result">What was measured.</param>
    /// <param name="output">Where to.</param>
    public static void Write(BenchResult result, TextWriter output)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string threads = result.Threads == 1 ? "1 thread" : string.Create(culture, $"{result.Threads} threads");
        output.WriteLine(string.Create(
            culture, $"{result.Preset}, batch {result.Batch}, {threads}, {result.InstructionSet}; medians of {result.Iters} steps"));
        output.WriteLine();
        output.WriteLine($"{"",-12}{"ms",10}{"fastest",10}{"floor",10}{"of floor",10}{"samples/s",14}");
        Row("training", result.TrainMs, result.TrainMinMs, result.FloorMs, result.FractionOfFloor, result.TrainSamplesPerS);
        Row("inference", result.InferMs, result.InferMinMs, result.InferFloorMs, result.InferFractionOfFloor, result.InferSamplesPerS);
        output.WriteLine();
        BenchFloor floor = result.Floor;
        output.WriteLine(string.Create(
            culture,
            $"{result.Gflops:0} of {floor.PeakGflops:0} GFLOP/s; floor of training: {floor.ComputeMs:0.###} ms of multiply-adds"));
        if (floor.GatherGbPerS > 0)
        {
            output.WriteLine(string.Create(
                culture,
                $"+ {floor.GatherMs:0.###} ms to gather rows ({floor.GatherGbPerS:0.0} GB/s) + {floor.UpdateMs:0.###} ms to update them ({floor.UpdateGbPerS:0.0} GB/s)"));
        }

        output.WriteLine();
        double sum = result.Breakdown.Values.Sum();
        foreach ((string stage, double milliseconds) in result.Breakdown)
        {
            output.WriteLine(string.Create(culture, $"{stage,-22}{milliseconds,10:0.000}{milliseconds / sum,8:0 %}"));
        }

        void Row(string name, double milliseconds, double least, double floorMs, double fraction, double samples) => output.WriteLine(
            string.Create(culture, $"{name,-12}{milliseconds,10:0.000}{least,10:0.000}{floorMs,10:0.000}{fraction,10:0 %}{samples,14:N0}"));
    }
}
