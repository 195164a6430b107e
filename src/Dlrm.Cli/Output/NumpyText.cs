using System.Globalization;
using System.Text;

namespace Dlrm.Cli.Output;

/// <summary>Arrays as numpy's print shows them: lines of 75 letters, the middle of more than 1000 elements left out.</summary>
internal static class NumpyText
{
    private const int LineWidth = 75;
    private const int Threshold = 1000;
    private const int Edge = 3;

    /// <summary>An array of whole numbers.</summary>
    public static string Integers(IReadOnlyList<int> values)
    {
        string[] words = [.. values.Select(value => value.ToString(CultureInfo.InvariantCulture))];
        int width = words.Length == 0 ? 0 : words.Max(word => word.Length);
        return Array([words.Length], place => words[place].PadLeft(width), summarize: words.Length > Threshold);
    }

    /// <summary>A vector or a matrix of floats.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">(elements) or (rows, columns).</param>
    /// <param name="precision">Digits after the point, at most.</param>
    public static string Floats(Func<long, float> values, IReadOnlyList<int> shape, int precision)
    {
        long size = shape.Aggregate(1L, (product, extent) => product * extent);
        bool summarize = size > Threshold;
        List<long> shown = [.. Shown(shape, summarize)];
        Func<float, string> format = Formatter([.. shown.Select(values)], precision);
        return Array(shape, place => format(values(place)), summarize);
    }

    /// <summary>How numpy writes the numbers of one array: all to the same width, with a point in one column.</summary>
    internal static Func<float, string> Formatter(float[] values, int precision)
    {
        float[] nonzero = [.. values.Where(value => float.IsFinite(value) && value != 0).Select(MathF.Abs)];
        bool scientific = nonzero.Length > 0
            && (nonzero.Max() >= 1e8 || nonzero.Min() < 0.0001f || nonzero.Max() / nonzero.Min() > 1000f);
        string[] finite = [.. values.Where(float.IsFinite).Select(value => scientific ? Scientific(value, precision) : Positional(value, precision))];
        int special = values.All(float.IsFinite) ? 0 : values.Where(value => !float.IsFinite(value)).Max(value => Special(value).Length);
        int whole = finite.Length == 0 ? 0 : finite.Max(text => text.IndexOf('.', StringComparison.Ordinal));
        int digits = finite.Length == 0 ? 0 : finite.Max(text => FractionLength(text));
        int exponent = scientific ? finite.Max(text => text.Length - text.IndexOf('e', StringComparison.Ordinal)) : 0;
        whole = Math.Max(whole, special - digits - exponent - 1);
        return value =>
        {
            if (!float.IsFinite(value))
            {
                return Special(value).PadLeft(whole + 1 + digits + exponent);
            }

            string text = scientific ? Scientific(value, precision) : Positional(value, precision);
            int point = text.IndexOf('.', StringComparison.Ordinal);
            int end = scientific ? text.IndexOf('e', StringComparison.Ordinal) : text.Length;
            string fraction = text[(point + 1)..end];
            return text[..point].PadLeft(whole) + "." + fraction.PadRight(digits, scientific ? '0' : ' ') + text[end..];
        };
    }

    private static string Special(float value) => float.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

    private static int FractionLength(string text)
    {
        int end = text.IndexOf('e', StringComparison.Ordinal);
        return (end < 0 ? text.Length : end) - text.IndexOf('.', StringComparison.Ordinal) - 1;
    }

    /// <summary>The fewest digits that tell the float from others, or as many as allowed; zeros at the end dropped.</summary>
    private static string Positional(float value, int precision)
    {
        string shortest = ((decimal)Math.Abs(value) < 1e27m ? decimal.Parse(
            value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture) : 0)
            .ToString(CultureInfo.InvariantCulture);
        shortest = float.IsNegative(value) && shortest[0] != '-' ? "-" + shortest : shortest;
        int point = shortest.IndexOf('.', StringComparison.Ordinal);
        string text = point < 0 ? shortest + "."
            : shortest.Length - point - 1 <= precision ? shortest
            : PythonFormat.Fixed(value, precision) is { } rounded && rounded.Contains('.', StringComparison.Ordinal) ? rounded
            : PythonFormat.Fixed(value, precision) + ".";
        return text.TrimEnd('0');
    }

    private static string Scientific(float value, int precision)
    {
        string shortest = value.ToString("E8", CultureInfo.InvariantCulture);
        for (int digits = 0; digits <= precision; digits++)
        {
            shortest = ((double)value).ToString("E" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (float.Parse(shortest, CultureInfo.InvariantCulture) == value)
            {
                break;
            }
        }

        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string mantissa = shortest[..mark];
        mantissa = mantissa.Contains('.', StringComparison.Ordinal) ? mantissa.TrimEnd('0') : mantissa + ".";
        int exponent = int.Parse(shortest[(mark + 1)..], CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    /// <summary>Places of the elements that are written.</summary>
    private static IEnumerable<long> Shown(IReadOnlyList<int> shape, bool summarize)
    {
        IEnumerable<long> places = [0];
        foreach (int extent in shape)
        {
            int[] kept = [.. Enumerable.Range(0, extent).Where(i => !summarize || 2 * Edge >= extent || i < Edge || i >= extent - Edge)];
            places = places.SelectMany(place => kept.Select(i => (place * extent) + i));
        }

        return places;
    }

    private static string Array(IReadOnlyList<int> shape, Func<long, string> word, bool summarize) =>
        Array(shape, word, summarize, 0, 0, " ", LineWidth);

    private static string Array(
        IReadOnlyList<int> shape, Func<long, string> word, bool summarize, int axis, long place, string indent, int width)
    {
        int extent = shape[axis];
        bool cut = summarize && 2 * Edge < extent;
        int[] kept = [.. Enumerable.Range(0, extent).Where(i => !cut || i < Edge || i >= extent - Edge)];
        var text = new StringBuilder();
        if (axis == shape.Count - 1)
        {
            var line = new StringBuilder(indent);
            for (int number = 0; number < kept.Length; number++)
            {
                if (cut && number == Edge)
                {
                    Extend("...");
                    line.Append(' ');
                }

                Extend(word((place * extent) + kept[number]));
                line.Append(number == kept.Length - 1 ? "" : " ");
            }

            text.Append(line);

            void Extend(string next)
            {
                if (line.Length + next.Length > width - 1 && line.Length > indent.Length)
                {
                    text.Append(line.ToString().TrimEnd()).Append('\n');
                    line.Clear().Append(indent);
                }

                line.Append(next);
            }
        }
        else
        {
            for (int number = 0; number < kept.Length; number++)
            {
                text.Append(cut && number == Edge ? indent + "...\n" : "");
                text.Append(indent).Append(Array(shape, word, summarize, axis + 1, (place * extent) + kept[number], indent + " ", width - 1));
                text.Append(number == kept.Length - 1 ? "" : "\n");
            }
        }

        return "[" + (text.Length < indent.Length ? "" : text.ToString(indent.Length, text.Length - indent.Length)) + "]";
    }
}
