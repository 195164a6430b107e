using System.Globalization;
using Dlrm.Reports;

namespace Dlrm.Cli.Benching;

/// <summary>What was measured, under the machine's roof: <c>dlrm bench --roofline</c>.</summary>
internal static class BenchPicture
{
    /// <summary>Writes the picture.</summary>
    /// <param name="path">An SVG file.</param>
    /// <param name="results">What was measured.</param>
    public static void Write(string path, IEnumerable<BenchResult> results)
        => RooflinePicture.Write(path, [.. results.SelectMany(Points)]);

    private static IEnumerable<RooflinePoint> Points(BenchResult result)
    {
        BenchFloor floor = result.Floor;
        string name = string.Create(CultureInfo.InvariantCulture, $"{result.Preset} {result.Batch}, {result.Threads}");
        yield return new RooflinePoint(name, IsTraining: true, floor.ComputeMs, floor.GatherMs + floor.UpdateMs, result.TrainMs);
        yield return new RooflinePoint(
            name, IsTraining: false, result.InferFloorMs - floor.GatherMs, floor.GatherMs, result.InferMs);
    }
}
