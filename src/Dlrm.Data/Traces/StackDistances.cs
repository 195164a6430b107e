using System.Globalization;
using System.Text;

namespace Dlrm.Data.Traces;

/// <summary>How soon the rows of a table are used again: the reference's stack-distance distribution, dist_emb_j.log.</summary>
/// <remarks>
/// The distance of an access is the number of different rows used since the last access of its row, that row included; 0
/// for a first access. Source: facebookresearch/dlrm, dlrm_data_pytorch.py.
/// </remarks>
public sealed class StackDistances
{
    /// <summary>A distribution.</summary>
    /// <param name="rows">Different rows, in the order of their first access; one or more.</param>
    /// <param name="distances">Distances that occur, ascending.</param>
    /// <param name="cumulative">The share of accesses with each distance or a smaller one, ascending.</param>
    /// <exception cref="ArgumentException">The lists do not fit together; the message says how.</exception>
    public StackDistances(IReadOnlyList<ulong> rows, IReadOnlyList<int> distances, IReadOnlyList<double> cumulative)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(distances);
        ArgumentNullException.ThrowIfNull(cumulative);
        Require(rows.Count > 0, "its first line lists no rows");
        Require(distances.Count > 0, "its second line lists no distances");
        Require(
            distances.Count == cumulative.Count,
            $"its second line lists {distances.Count} distances, its third {cumulative.Count} shares");
        Require(distances[0] >= 0, $"its first distance is {distances[0]}");
        Require(distances[^1] <= rows.Count, $"its distances reach {distances[^1]}, but it lists {rows.Count} rows");
        for (int i = 1; i < distances.Count; i++)
        {
            Require(distances[i] > distances[i - 1], $"its distances {distances[i - 1]}, {distances[i]} do not ascend");
            Require(cumulative[i] >= cumulative[i - 1], "its shares do not ascend");
        }

        Rows = [.. rows];
        Distances = [.. distances];
        Cumulative = [.. cumulative];
    }

    /// <summary>Different rows, in the order of their first access.</summary>
    public IReadOnlyList<ulong> Rows { get; }

    /// <summary>Distances that occur, ascending.</summary>
    public IReadOnlyList<int> Distances { get; }

    /// <summary>The share of accesses with each distance or a smaller one.</summary>
    public IReadOnlyList<double> Cumulative { get; }

    /// <summary>Profiles a trace in O(n log n).</summary>
    /// <param name="trace">Rows accessed, one or more.</param>
    /// <param name="padding">
    /// Counts n / (largest distance) first accesses more, so that new rows stay frequent in a long trace of few rows.
    /// </param>
    /// <exception cref="ArgumentException">There is no access.</exception>
    public static StackDistances Profile(ReadOnlySpan<ulong> trace, bool padding = false)
    {
        if (trace.IsEmpty)
        {
            throw new ArgumentException("A trace has one access or more; this one has none.");
        }

        var slots = new Dictionary<ulong, int>();
        var list = new RecencyList([], 1 << 16) { Renumbered = (row, slot) => slots[row] = slot };
        var rows = new List<ulong>();
        var counts = new List<long> { 0 };
        foreach (ulong row in trace)
        {
            int distance = 0;
            if (slots.TryGetValue(row, out int slot))
            {
                distance = list.Depth(slot);
                slots[row] = list.MoveToEnd(slot).Slot;
            }
            else
            {
                slots[row] = list.Add(row);
                rows.Add(row);
                counts.Add(0);
            }

            counts[distance]++;
        }

        return FromCounts(rows, counts, trace.Length, padding);
    }

    /// <summary>Reads dist_emb_j.log: three lines, rows, distances and shares, with <c>, </c> between.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="BadDataException">It is not one; the message names the line and what is wrong.</exception>
    public static StackDistances Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        if (lines.Length < 3)
        {
            throw new BadDataException(path, $"has {lines.Length} lines; a distribution has three: rows, distances, shares. dlrm trace makes one.");
        }

        try
        {
            return new StackDistances(
                Numbers<ulong>(path, lines, 0, "a row number"), Numbers<int>(path, lines, 1, "a distance"),
                Numbers<double>(path, lines, 2, "a share"));
        }
        catch (ArgumentException exception)
        {
            throw new BadDataException(path, $"is no distribution of a trace: {exception.Message.TrimEnd('.')}. Make it again with dlrm trace.", exception);
        }
    }

    /// <summary>Writes dist_emb_j.log, byte for byte as the reference does.</summary>
    /// <param name="path">The file.</param>
    public void Write(string path)
    {
        var text = new StringBuilder();
        text.AppendJoin(", ", Rows).Append('\n');
        text.AppendJoin(", ", Distances).Append('\n');
        text.AppendJoin(", ", Cumulative.Select(PythonNumber.Text)).Append('\n');
        TraceFile.Replace(path, Encoding.ASCII.GetBytes(text.ToString()));
    }

    private static StackDistances FromCounts(List<ulong> rows, List<long> counts, long accesses, bool padding)
    {
        if (padding)
        {
            int largest = counts.FindLastIndex(count => count > 0);
            long added = (long)Math.Ceiling(accesses / (double)Math.Max(1, largest));
            counts[0] += added;
            accesses += added;
        }

        var distances = new List<int>();
        var cumulative = new List<double>();
        double sum = 0;
        for (int distance = 0; distance < counts.Count; distance++)
        {
            if (counts[distance] > 0)
            {
                sum += counts[distance] / (double)accesses;
                distances.Add(distance);
                cumulative.Add(sum);
            }
        }

        return new StackDistances(rows, distances, cumulative);
    }

    private static List<T> Numbers<T>(string path, string[] lines, int line, string what)
        where T : ISpanParsable<T>
    {
        var numbers = new List<T>();
        ReadOnlySpan<char> text = lines[line];
        foreach (Range range in text.Split(','))
        {
            ReadOnlySpan<char> field = text[range].Trim();
            numbers.Add(T.TryParse(field, CultureInfo.InvariantCulture, out T? number)
                ? number
                : throw new BadDataException(path, $"line {line + 1}, number {numbers.Count + 1}: '{field.ToString()}' is not {what}."));
        }

        return numbers;
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message + ".");
        }
    }
}
