using Dlrm.Reports.Charts;

namespace Dlrm.Reports;

/// <summary>One kind of step in the roofline picture.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="IsTraining">False for inference.</param>
/// <param name="ComputeMs">Its matrix products at the machine's peak, milliseconds.</param>
/// <param name="MemoryMs">Its table rows at the machine's speed of random rows, milliseconds; 0 without tables.</param>
/// <param name="StepMs">What it took, milliseconds.</param>
public sealed record RooflinePoint(string Name, bool IsTraining, double ComputeMs, double MemoryMs, double StepMs);

/// <summary>
/// How near to the machine's roof steps come: a roofline drawing (Williams, Waterman and Patterson 2009) in which both axes
/// are shares of what the machine does, so that steps measured at different speeds have one roof.
/// </summary>
public static class RooflinePicture
{
    /// <summary>Writes an SVG file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="points">What was measured.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<RooflinePoint> points) => PageFile.Write(path, RooflineChart.Render(points));
}
