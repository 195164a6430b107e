using System.Globalization;

namespace Dlrm.Reports.Charts;

/// <summary>A linear axis that ends on round numbers, and the round numbers on it.</summary>
/// <param name="Start">Where the axis starts.</param>
/// <param name="End">Where it ends, above the start.</param>
/// <param name="Step">From one tick to the next: 1, 2 or 5 times a power of ten, or 2.5 times.</param>
internal sealed record AxisTicks(double Start, double End, double Step)
{
    /// <summary>The ticks, both ends included where they are round.</summary>
    public IEnumerable<double> Values
    {
        get
        {
            // Multiples of the step, not sums: no error piles up.
            long first = (long)Math.Ceiling((Start / Step) - 1e-9);
            long last = (long)Math.Floor((End / Step) + 1e-9);
            for (long multiple = first; multiple <= last; multiple++)
            {
                yield return multiple * Step;
            }
        }
    }

    /// <summary>An axis that holds [low, high], widened to the next ticks.</summary>
    /// <param name="low">The least value.</param>
    /// <param name="high">The greatest value, no less.</param>
    /// <param name="ticks">About how many ticks.</param>
    public static AxisTicks Around(double low, double high, int ticks)
    {
        if (high - low < 1e-9 * Math.Max(1e-3, Math.Max(Math.Abs(low), Math.Abs(high))))
        {
            double margin = Math.Max(Math.Abs(low) * 0.1, 1e-3);
            (low, high) = (low - margin, high + margin);
        }

        double step = RoundStep((high - low) / ticks);
        return new AxisTicks(Math.Floor((low / step) + 1e-9) * step, Math.Ceiling((high / step) - 1e-9) * step, step);
    }

    /// <summary>An axis from exactly <paramref name="low"/> to exactly <paramref name="high"/>.</summary>
    /// <param name="low">Start.</param>
    /// <param name="high">End; where it is not above the start, the axis is one long.</param>
    /// <param name="ticks">About how many ticks.</param>
    /// <param name="whole">True to have ticks at whole numbers alone.</param>
    public static AxisTicks Exactly(double low, double high, int ticks, bool whole = false)
    {
        high = high > low ? high : low + 1;
        double step = RoundStep((high - low) / ticks);
        return new AxisTicks(low, high, whole ? Math.Max(1, Math.Ceiling(step)) : step);
    }

    /// <summary>A tick's label: as many decimals as the step has.</summary>
    public string Label(double value)
    {
        int decimals = 0;
        double step = Step;
        while (decimals < 12 && Math.Abs(step - Math.Round(step)) > 1e-6)
        {
            step *= 10;
            decimals++;
        }

        // A zero reached from below must not read "-0".
        return (Math.Round(value, decimals) + 0.0).ToString("F" + decimals, CultureInfo.InvariantCulture);
    }

    private static double RoundStep(double raw)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double mantissa = raw / power;
        return power * mantissa switch
        {
            <= 1.001 => 1,
            <= 2.001 => 2,
            <= 2.501 => 2.5,
            <= 5.001 => 5,
            _ => 10,
        };
    }
}
