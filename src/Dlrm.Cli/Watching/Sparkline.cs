namespace Dlrm.Cli.Watching;

/// <summary>A row of blocks whose heights follow some numbers.</summary>
internal static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>Draws numbers, averaged where there are more than the width.</summary>
    /// <param name="values">In order; those that are not finite are left out.</param>
    /// <param name="width">Characters at most.</param>
    public static string Draw(IReadOnlyList<double> values, int width)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length == 0)
        {
            return "";
        }

        int columns = Math.Min(width, finite.Length);
        double[] means = new double[columns];
        for (int column = 0; column < columns; column++)
        {
            int start = (int)((long)column * finite.Length / columns);
            int end = (int)((column + 1L) * finite.Length / columns);
            means[column] = finite[start..end].Average();
        }

        double low = means.Min();
        double range = means.Max() - low;
        return string.Concat(means.Select(mean => Blocks[range > 0 ? (int)((mean - low) / range * (Blocks.Length - 1)) : 0]));
    }
}
