using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>The operators that we emit, as ONNX 17 specifies them, for the cases that we emit.</summary>
internal static class OnnxOperators
{
    /// <summary>The output of a node.</summary>
    /// <exception cref="InvalidDataException">The operator is none of them.</exception>
    public static OnnxValue Run(NodeProto node, OnnxValue[] x)
        => OnnxElementwise.Run(node, x) ?? OnnxTowerOperators.Run(node, x) ?? RunOther(node, x);

    private static OnnxValue RunOther(NodeProto node, OnnxValue[] x) => node.OpType switch
    {
        "LabelEncoder" => LabelEncoder(node, x[0]),
        "Shape" => Shape(node, x[0]),
        "ConstantOfShape" => ConstantOfShape(node, x[0]),
        "Reshape" => x[0].WithShape(Inferred([.. x[1].Integers.Select(extent => (int)extent)], x[0].Count)),
        "Unsqueeze" => x[0].WithShape(Unsqueezed(x[0].Shape, x[1].Integers)),
        "Squeeze" => x[0].WithShape([.. x[0].Shape.Where((_, axis) => !x[1].Integers.Contains(axis))]),
        "Expand" => Expand(x[0], [.. x[1].Integers.Select(extent => (int)extent)]),
        "Slice" => x[0].Pick(
            [(int)(x[2].Integers[0] - x[1].Integers[0])],
            [.. Enumerable.Range((int)x[1].Integers[0], (int)(x[2].Integers[0] - x[1].Integers[0]))]),
        "Concat" => Concat(x, (int)Integer(node, "axis", 0)),
        "Gather" => Gather(x[0], x[1], (int)Integer(node, "axis", 0)),
        "Transpose" => Transpose(x[0], [.. node.Attribute.Single(a => a.Name == "perm").Ints.Select(axis => (int)axis)]),
        "CumSum" => CumSum(x[0]),
        "ScatterElements" => ScatterAdd(x[0], x[1], x[2]),
        "MatMul" => MatMul(x[0], x[1]),
        "Gemm" => Gemm(x[0], x[1], x.Length > 2 ? x[2] : null, Integer(node, "transB", 0) == 1),
        _ => throw new InvalidDataException($"Node '{node.Name}': the operator {node.OpType} is none that we emit."),
    };

    private static long Integer(NodeProto node, string name, long otherwise)
        => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? otherwise;

    private static OnnxValue LabelEncoder(NodeProto node, OnnxValue x)
    {
        AttributeProto Find(string name) => node.Attribute.Single(attribute => attribute.Name == name);
        var rows = Find("values_int64s").Ints;
        long otherwise = Find("default_int64").I;
        if (x.IsText)
        {
            var texts = Find("keys_strings").Strings.Select((key, i) => (Key: key.ToStringUtf8(), i)).ToDictionary(e => e.Key, e => rows[e.i], StringComparer.Ordinal);
            return new OnnxValue(x.Shape, Array.ConvertAll(x.Texts, text => texts.GetValueOrDefault(text, otherwise)));
        }

        var numbers = Find("keys_int64s").Ints.Select((key, i) => (Key: key, i)).ToDictionary(e => e.Key, e => rows[e.i]);
        return new OnnxValue(x.Shape, Array.ConvertAll(x.Integers, number => numbers.GetValueOrDefault(number, otherwise)));
    }

    private static OnnxValue Shape(NodeProto node, OnnxValue x)
    {
        int start = (int)Integer(node, "start", 0);
        int end = (int)Integer(node, "end", x.Shape.Length);
        return new OnnxValue([end - start], Array.ConvertAll(x.Shape[start..end], extent => (long)extent));
    }

    private static OnnxValue ConstantOfShape(NodeProto node, OnnxValue extents)
    {
        int[] shape = Array.ConvertAll(extents.Integers, extent => (int)extent);
        int count = shape.Aggregate(1, (product, extent) => product * extent);
        if (node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T is not { } value)
        {
            return new OnnxValue(shape, new float[count]);
        }

        long[] filled = new long[count];
        Array.Fill(filled, value.Int64Data[0]);
        return new OnnxValue(shape, filled);
    }

    private static int[] Inferred(int[] shape, int count)
    {
        int known = shape.Where(extent => extent != -1).Aggregate(1, (product, extent) => product * extent);
        return Array.ConvertAll(shape, extent => extent == -1 ? count / known : extent);
    }

    private static int[] Unsqueezed(int[] shape, long[] axes)
    {
        var result = new List<int>(shape);
        foreach (long axis in axes.Order())
        {
            result.Insert((int)axis, 1);
        }

        return [.. result];
    }

    private static OnnxValue Expand(OnnxValue x, int[] shape)
    {
        int[] target = OnnxElementwise.Broadcast(x.Shape, shape);
        return x.Pick(target, OnnxElementwise.Places(x.Shape, target));
    }

    private static OnnxValue Concat(OnnxValue[] x, int axis)
    {
        int outer = x[0].Shape[..axis].Aggregate(1, (product, extent) => product * extent);
        int[] shape = [.. x[0].Shape];
        shape[axis] = x.Sum(part => part.Shape[axis]);
        if (x[0].IsText)
        {
            return new OnnxValue(shape, [.. Enumerable.Range(0, outer).SelectMany(o => x.SelectMany(part => Part(part.Texts, o, outer)))]);
        }

        if (!x[0].IsFloat)
        {
            return new OnnxValue(shape, [.. Enumerable.Range(0, outer).SelectMany(o => x.SelectMany(part => Part(part.Integers, o, outer)))]);
        }

        return new OnnxValue(shape, [.. Enumerable.Range(0, outer).SelectMany(o => x.SelectMany(part => Part(part.Floats, o, outer)))]);
    }

    private static ArraySegment<T> Part<T>(T[] values, int number, int parts)
        => new(values, values.Length / parts * number, values.Length / parts);

    private static OnnxValue Gather(OnnxValue x, OnnxValue indices, int axis)
    {
        int outer = x.Shape[..axis].Aggregate(1, (product, extent) => product * extent);
        int inner = x.Shape[(axis + 1)..].Aggregate(1, (product, extent) => product * extent);
        var places = new List<int>();
        for (int o = 0; o < outer; o++)
        {
            foreach (long index in indices.Integers)
            {
                places.AddRange(Enumerable.Range((int)(((o * x.Shape[axis]) + index) * inner), inner));
            }
        }

        return x.Pick([.. x.Shape[..axis], .. indices.Shape, .. x.Shape[(axis + 1)..]], [.. places]);
    }

    private static OnnxValue Transpose(OnnxValue x, int[] permutation)
    {
        int[] shape = Array.ConvertAll(permutation, axis => x.Shape[axis]);
        int[] strides = new int[shape.Length];
        for (int axis = 0; axis < strides.Length; axis++)
        {
            strides[axis] = x.Shape[(permutation[axis] + 1)..].Aggregate(1, (product, extent) => product * extent);
        }

        int[] places = new int[x.Count];
        for (int i = 0; i < places.Length; i++)
        {
            int rest = i;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                places[i] += rest % shape[axis] * strides[axis];
                rest /= shape[axis];
            }
        }

        return x.Pick(shape, places);
    }

    private static OnnxValue CumSum(OnnxValue x)
    {
        long[] sums = [.. x.Integers];
        for (int i = 1; i < sums.Length; i++)
        {
            sums[i] += sums[i - 1];
        }

        return new OnnxValue(x.Shape, sums);
    }

    /// <summary>Along axis 0: data[indices[l, d], d] += updates[l, d].</summary>
    private static OnnxValue ScatterAdd(OnnxValue data, OnnxValue indices, OnnxValue updates)
    {
        int width = data.Shape.Skip(1).Aggregate(1, (product, extent) => product * extent);
        if (!data.IsFloat)
        {
            long[] counts = [.. data.Integers];
            for (int i = 0; i < indices.Count; i++)
            {
                counts[((int)indices.Integers[i] * width) + (i % width)] += updates.Integers[i];
            }

            return new OnnxValue(data.Shape, counts);
        }

        float[] sums = [.. data.Floats];
        for (int i = 0; i < indices.Count; i++)
        {
            sums[((int)indices.Integers[i] * width) + (i % width)] += updates.Floats[i];
        }

        return new OnnxValue(data.Shape, sums);
    }

    private static OnnxValue MatMul(OnnxValue a, OnnxValue b)
    {
        (int rows, int inner, int columns) = (a.Shape[^2], a.Shape[^1], b.Shape[^1]);
        int batches = a.Count / (rows * inner);
        if (b.Shape[^2] != inner || b.Count != batches * inner * columns)
        {
            throw new InvalidDataException($"MatMul of ({string.Join(", ", a.Shape)}) and ({string.Join(", ", b.Shape)}).");
        }

        float[] products = new float[batches * rows * columns];
        for (int i = 0; i < products.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            int start = row / rows * inner * columns;
            for (int k = 0; k < inner; k++)
            {
                products[i] = MathF.FusedMultiplyAdd(a.Floats[(row * inner) + k], b.Floats[start + (k * columns) + column], products[i]);
            }
        }

        return new OnnxValue([.. a.Shape[..^1], columns], products);
    }

    private static OnnxValue Gemm(OnnxValue a, OnnxValue b, OnnxValue? bias, bool transposed)
    {
        if (!transposed || a.Shape[1] != b.Shape[1])
        {
            throw new InvalidDataException($"Gemm of ({string.Join(", ", a.Shape)}) and ({string.Join(", ", b.Shape)}).");
        }

        (int rows, int inner, int columns) = (a.Shape[0], a.Shape[1], b.Shape[0]);
        float[] products = new float[rows * columns];
        for (int i = 0; i < products.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            for (int k = 0; k < inner; k++)
            {
                products[i] = MathF.FusedMultiplyAdd(a.Floats[(row * inner) + k], b.Floats[(column * inner) + k], products[i]);
            }

            products[i] += bias?.Floats[column] ?? 0;
        }

        return new OnnxValue([rows, columns], products);
    }
}
