using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>The operators of normalized and of 8-bit towers.</summary>
internal static class OnnxTowerOperators
{
    /// <summary>The output of a node; null when its operator is none of them.</summary>
    public static OnnxValue? Run(NodeProto node, OnnxValue[] x) => node.OpType switch
    {
        "BatchNormalization" => BatchNormalization(x, Epsilon(node)),
        "LayerNormalization" => LayerNormalization(x, Epsilon(node)),
        "ReduceMin" => Reduce(x[0], Math.Min),
        "ReduceMax" => Reduce(x[0], Math.Max),
        "MatMulInteger" => MatMulInteger(x[0], x[1], x[3].ToDoubles()[0]),
        _ => null,
    };

    private static float Epsilon(NodeProto node) => node.Attribute.Single(attribute => attribute.Name == "epsilon").F;

    /// <summary>x, scale, bias, mean, variance.</summary>
    private static OnnxValue BatchNormalization(OnnxValue[] x, float epsilon)
    {
        int columns = x[0].Shape[1];
        return new OnnxValue(x[0].Shape, [.. x[0].Floats.Select((value, i) =>
        {
            int column = i % columns;
            double scaled = (value - x[3].Floats[column]) / Math.Sqrt((double)x[4].Floats[column] + epsilon);
            return (float)((scaled * x[1].Floats[column]) + x[2].Floats[column]);
        })]);
    }

    /// <summary>x, scale, bias; over the last axis.</summary>
    private static OnnxValue LayerNormalization(OnnxValue[] x, float epsilon)
    {
        int columns = x[0].Shape[^1];
        float[] values = new float[x[0].Count];
        for (int start = 0; start < values.Length; start += columns)
        {
            float[] row = x[0].Floats[start..(start + columns)];
            double mean = row.Average(value => (double)value);
            double deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + epsilon);
            for (int column = 0; column < columns; column++)
            {
                values[start + column] = (float)(((row[column] - mean) / deviation * x[1].Floats[column]) + x[2].Floats[column]);
            }
        }

        return new OnnxValue(x[0].Shape, values);
    }

    /// <summary>Over the columns of a matrix; the axis stays, of extent 1.</summary>
    private static OnnxValue Reduce(OnnxValue x, Func<float, float, float> choose) => new(
        [x.Shape[0], 1], [.. x.Floats.Chunk(x.Shape[1]).Select(row => row.Aggregate(choose))]);

    private static OnnxValue MatMulInteger(OnnxValue a, OnnxValue b, double zero)
    {
        (int rows, int inner, int columns) = (a.Shape[0], a.Shape[1], b.Shape[1]);
        double[] right = b.ToDoubles();
        long[] sums = new long[rows * columns];
        for (int i = 0; i < sums.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            for (int k = 0; k < inner; k++)
            {
                sums[i] += a.Integers[(row * inner) + k] * (long)(right[(k * columns) + column] - zero);
            }
        }

        return new OnnxValue([rows, columns], sums);
    }
}
