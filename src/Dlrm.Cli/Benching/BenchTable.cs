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
        output.WriteLine($"{"",-12}{"ms",10}{"floor",10}{"of floor",10}{"samples/s",14}{"fastest",12}{"of floor",10}");
        Row("training", result.TrainMs, result.FloorMs, result.TrainSamplesPerS, result.BestTrainMs, result.BestFractionOfFloor);
        Row("inference", result.InferMs, result.InferFloorMs, result.InferSamplesPerS, result.BestInferMs, result.BestInferFractionOfFloor);
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

        foreach (string line in result.Quantized?.Lines ?? [])
        {
            output.WriteLine(line);
        }

        output.WriteLine();
        double sum = result.Breakdown.Values.Sum();
        foreach ((string stage, double milliseconds) in result.Breakdown)
        {
            output.WriteLine(string.Create(culture, $"{stage,-22}{milliseconds,10:0.000}{milliseconds / sum,8:0 %}"));
        }

        void Row(string name, double median, double floorMs, double samples, double fastest, double bestFraction)
            => output.WriteLine(string.Create(
                culture,
                $"{name,-12}{median,10:0.000}{floorMs,10:0.000}{floorMs / median,10:0 %}{samples,14:N0}{fastest,12:0.000}{bestFraction,10:0 %}"));
    }
}
