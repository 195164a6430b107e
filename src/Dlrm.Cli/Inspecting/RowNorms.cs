using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Memory;

namespace Dlrm.Cli.Inspecting;

/// <summary>The lengths (Euclidean norms) of a saved table's rows, and how many rows were never trained.</summary>
/// <param name="Name">The matrix, e.g. <c>emb_l.3.weight</c>.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Least">The shortest.</param>
/// <param name="Mean">The mean.</param>
/// <param name="Median">The middle one.</param>
/// <param name="Percentile99">Longer than 99 of 100.</param>
/// <param name="Most">The longest.</param>
/// <param name="Untouched">Rows never updated; where <paramref name="IsBound"/>, at most so many.</param>
/// <param name="IsBound">
/// False where the optimizer's state tells touched rows; true where only the values do: rows inside the range that first
/// values are drawn from.
/// </param>
internal sealed record RowNorms(
    string Name, long Rows, double Least, double Mean, double Median, double Percentile99, double Most, long Untouched, bool IsBound)
{
    /// <summary>State that is zero until a row is updated.</summary>
    private static readonly string[] Marks = ["sum", "momentum", "exp_avg_sq", "accumulator"];

    /// <summary>Of all tables in full precision of a saved model.</summary>
    public static IReadOnlyList<RowNorms> Of(ModelFolder folder)
    {
        var norms = new List<RowNorms>();
        foreach (TensorInfo tensor in folder.Tensors.Values.Where(IsTable).OrderBy(tensor => tensor.Offset))
        {
            norms.Add(Measure(folder, tensor));
        }

        return norms;
    }

    /// <summary>For a person.</summary>
    public static void Write(IReadOnlyList<RowNorms> tables, TextWriter output)
    {
        if (tables.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine($"{"row norms",-22}{"rows",13}{"min",10}{"mean",10}{"p50",10}{"p99",10}{"max",10}{"never updated",16}");
        foreach (RowNorms table in tables)
        {
            string untouched = (table.IsBound ? "at most " : "") + table.Untouched.ToString("N0", CultureInfo.InvariantCulture);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{table.Name,-22}{table.Rows,13:N0}{table.Least,10:g4}{table.Mean,10:g4}{table.Median,10:g4}{table.Percentile99,10:g4}{table.Most,10:g4}{untouched,16}"));
        }
    }

    /// <summary>For a program.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["rows"] = Rows,
        ["min"] = Least,
        ["mean"] = Mean,
        ["p50"] = Median,
        ["p99"] = Percentile99,
        ["max"] = Most,
        ["never_updated"] = Untouched,
        ["never_updated_is_upper_bound"] = IsBound,
    };

    private static bool IsTable(TensorInfo tensor) =>
        tensor.Name.StartsWith("emb_l.", StringComparison.Ordinal)
        && !tensor.Name.EndsWith(".proj.weight", StringComparison.Ordinal)
        && tensor is { Type: TensorType.F32, Shape.Count: 2 };

    private static RowNorms Measure(ModelFolder folder, TensorInfo tensor)
    {
        int rows = (int)tensor.Shape[0];
        int columns = (int)tensor.Shape[1];
        using var values = new NativeBuffer<float>((long)rows * columns);
        folder.ReadInto(tensor.Name, values, [rows, columns]);
        using NativeBuffer<float>? state = ReadState(folder, tensor.Name, rows, out int stateColumns);
        float range = (float)Math.Sqrt(1.0 / rows);
        var norms = new float[rows];
        double sum = 0;
        long untouched = 0;
        for (int row = 0; row < rows; row++)
        {
            double squares = 0;
            bool inRange = true;
            foreach (float value in values.Slice((long)row * columns, columns))
            {
                squares += (double)value * value;
                inRange &= Math.Abs(value) <= range;
            }

            norms[row] = (float)Math.Sqrt(squares);
            sum += norms[row];
            bool never = state is null ? inRange : state.Slice((long)row * stateColumns, stateColumns).IndexOfAnyExcept(0f) < 0;
            untouched += never ? 1 : 0;
        }

        Array.Sort(norms);
        return new RowNorms(
            tensor.Name, rows, norms[0], sum / rows, norms[rows / 2], norms[(int)(0.99 * (rows - 1))], norms[^1], untouched, state is null);
    }

    private static NativeBuffer<float>? ReadState(ModelFolder folder, string name, int rows, out int columns)
    {
        columns = 0;
        foreach (string mark in Marks)
        {
            if (folder.OptimizerTensors.TryGetValue($"{name}.{mark}", out TensorInfo? info) && info.Shape[0] == rows)
            {
                columns = info.Shape.Count == 1 ? 1 : (int)info.Shape[1];
                var state = new NativeBuffer<float>((long)rows * columns);
                folder.ReadOptimizerInto(info.Name, state, [.. info.Shape]);
                return state;
            }
        }

        return null;
    }
}
