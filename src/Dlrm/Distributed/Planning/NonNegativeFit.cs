namespace Dlrm.Distributed.Planning;

/// <summary>Least squares with coefficients of 0 or more, of relative errors.</summary>
/// <remarks>
/// Minimizes Σ (Σ_k c_k · units_k / time − 1)² + a ridge that decides between terms that grow together, by coordinate
/// descent from 0: each coefficient in turn takes its best value given the others, or 0. The problem is convex, and so small
/// that rounds are not counted.
/// </remarks>
internal static class NonNegativeFit
{
    private const int Rounds = 4000;
    private const double Ridge = 1e-5;

    /// <summary>Finds the coefficients.</summary>
    /// <param name="units">Units of each observation, the same number in all.</param>
    /// <param name="times">What each took, more than 0.</param>
    public static double[] Solve(IReadOnlyList<double[]> units, IReadOnlyList<double> times)
    {
        int terms = units[0].Length;
        double[][] rows = [.. units.Select((unit, i) => unit.Select(value => value / times[i]).ToArray())];
        double[] scale = [.. Enumerable.Range(0, terms).Select(k => rows.Max(row => row[k]))];
        double[] best = new double[terms];
        double[] error = [.. rows.Select(_ => -1.0)];
        for (int round = 0; round < Rounds; round++)
        {
            for (int k = 0; k < terms; k++)
            {
                if (scale[k] == 0)
                {
                    continue;
                }

                // In units of the largest value: the ridge then treats all terms alike.
                double slope = Ridge * best[k];
                double curve = Ridge;
                for (int i = 0; i < rows.Length; i++)
                {
                    double x = rows[i][k] / scale[k];
                    slope += error[i] * x;
                    curve += x * x;
                }

                double next = Math.Max(0, best[k] - (slope / curve));
                double step = next - best[k];
                best[k] = next;
                for (int i = 0; i < rows.Length; i++)
                {
                    error[i] += step * rows[i][k] / scale[k];
                }
            }
        }

        return [.. best.Select((value, k) => scale[k] == 0 ? 0 : value / scale[k])];
    }
}
