using System.Globalization;

namespace Dlrm.Cli.Output;

/// <summary>Tensors as PyTorch's print shows them with four digits: lines of 80 letters, the middle of more than 1000 elements left out.</summary>
internal static class TorchText
{
    private const int LineWidth = 80;
    private const int Threshold = 1000;
    private const int Edge = 3;
    private const string Prefix = "tensor(";

    /// <summary>A matrix of floats.</summary>
    public static string Floats(ReadOnlySpan<float> values, int rows, int columns)
    {
        float[] all = values.ToArray();
        float[] shown = [.. Shown(rows, columns).Select(place => all[place])];
        (string[] words, int width) = Format(shown);
        var texts = Shown(rows, columns).Zip(words).ToDictionary(entry => entry.First, entry => entry.Second.PadLeft(width));
        return Tensor(Matrix(rows, columns, width, place => texts[place]), suffix: null);
    }

    /// <summary>A matrix of 32-bit whole numbers.</summary>
    public static string Integers(int[] values, int rows, int columns)
    {
        int width = values.Length == 0 ? 0 : Shown(rows, columns).Max(place => Text(values[place]).Length);
        return Tensor(Matrix(rows, columns, width, place => Text(values[place]).PadLeft(width)), "dtype=torch.int32");
    }

    /// <summary>A vector of 64-bit whole numbers.</summary>
    public static string Vector(ReadOnlySpan<int> values)
    {
        int[] all = values.ToArray();
        if (all.Length == 0)
        {
            return Tensor("[]", "dtype=torch.int64");
        }

        int width = Shown(1, all.Length).Max(place => Text(all[place]).Length);
        return Tensor(Line(0, all.Length, width, Prefix.Length, all.Length > Threshold, place => Text(all[place]).PadLeft(width)), suffix: null);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static (string[] Words, int Width) Format(float[] values)
    {
        double[] nonzero = [.. values.Where(value => float.IsFinite(value) && value != 0).Select(value => Math.Abs((double)value))];
        bool whole = values.All(value => !float.IsFinite(value) || value == MathF.Ceiling(value));
        bool scientific = nonzero.Length > 0
            && (nonzero.Max() / nonzero.Min() > 1000 || nonzero.Max() > 1e8 || (!whole && nonzero.Min() < 1e-4));
        string[] words =
        [
            .. values.Select(value => !float.IsFinite(value) ? (float.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf")
                : scientific ? Exponent(value)
                : whole ? PythonFormat.Fixed(value, 0) + "."
                : PythonFormat.Fixed(value, 4)),
        ];
        return (words, nonzero.Length == 0 ? 1 : words.Max(word => word.Length));
    }

    private static string Exponent(double value)
    {
        string text = value.ToString("0.0000e+00", CultureInfo.InvariantCulture);
        return text;
    }

    /// <summary>Places that are written, which decide the width.</summary>
    private static IEnumerable<int> Shown(int rows, int columns)
    {
        bool summarize = (long)rows * columns > Threshold;
        return Kept(rows, summarize).SelectMany(row => Kept(columns, summarize).Select(column => (row * columns) + column));
    }

    private static IEnumerable<int> Kept(int count, bool summarize) =>
        Enumerable.Range(0, count).Where(i => !summarize || count <= 2 * Edge || i < Edge || i >= count - Edge);

    private static string Matrix(int rows, int columns, int width, Func<int, string> word)
    {
        bool summarize = (long)rows * columns > Threshold;
        int indent = Prefix.Length;
        List<string> lines = [.. Kept(rows, summarize).Select(row => Line(row * columns, columns, width, indent + 1, summarize, word))];
        if (summarize && rows > 2 * Edge)
        {
            lines.Insert(Edge, "...");
        }

        return "[" + string.Join(",\n" + new string(' ', indent + 1), lines) + "]";
    }

    private static string Line(int first, int count, int width, int indent, bool summarize, Func<int, string> word)
    {
        int perLine = Math.Max(1, (LineWidth - indent) / (width + 2));
        List<string> words = [.. Kept(count, summarize).Select(column => word(first + column))];
        if (summarize && count > 2 * Edge)
        {
            words.Insert(Edge, " ...");
        }

        return "[" + string.Join(",\n" + new string(' ', indent + 1), words.Chunk(perLine).Select(chunk => string.Join(", ", chunk))) + "]";
    }

    private static string Tensor(string body, string? suffix)
    {
        if (suffix is null)
        {
            return $"{Prefix}{body})";
        }

        string text = Prefix + body;
        int last = text.Length - text.LastIndexOf('\n') + 1;
        return last + suffix.Length + 2 > LineWidth
            ? $"{text},\n{new string(' ', Prefix.Length)}{suffix})"
            : $"{text}, {suffix})";
    }
}
