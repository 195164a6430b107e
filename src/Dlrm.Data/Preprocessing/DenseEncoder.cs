using Dlrm.Data.Folders;

namespace Dlrm.Data.Preprocessing;

/// <summary>Turns raw numbers into a model's dense inputs as a <see cref="DenseFeature"/> says.</summary>
internal static class DenseEncoder
{
    /// <summary>Encodes one value.</summary>
    /// <param name="feature">How.</param>
    /// <param name="value">The raw number; NaN for a missing one.</param>
    public static float Encode(DenseFeature feature, double value)
    {
        if (feature.Column is null)
        {
            return 1;
        }

        if (feature.IsIndicator)
        {
            return double.IsNaN(value) ? 1 : 0;
        }

        if (double.IsNaN(value))
        {
            if (feature.Fill is not { } fill)
            {
                return 0;
            }

            value = fill;
        }

        double plain = Plain(feature, value);
        return feature.Borders is { } borders
            ? (float)BordersAtOrBelow(borders, plain) / borders.Count
            : (float)((plain - feature.Shift) / feature.Divisor);
    }

    /// <summary>Clipping and the logarithm: what the scale is fitted to.</summary>
    public static double Plain(DenseFeature feature, double value)
    {
        value = value < feature.ClipLow ? feature.ClipLow.Value : value;
        value = value > feature.ClipHigh ? feature.ClipHigh.Value : value;
        return feature.Log1p ? LogarithmOfOnePlus.Of(value) : value;
    }

    private static int BordersAtOrBelow(IReadOnlyList<double> borders, double value)
    {
        int low = 0;
        int high = borders.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = borders[middle] <= value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
