using System.Numerics;
using Onnx;

namespace Dlrm.Interop.Onnx;

/// <summary>The elementwise operators that we emit, with their broadcasting.</summary>
internal static class OnnxElementwise
{
    private interface IOperation
    {
        static abstract T Apply<T>(T a, T b)
            where T : INumber<T>;
    }

    /// <summary>The output of a node; null when its operator is none of them.</summary>
    public static OnnxValue? Run(NodeProto node, OnnxValue[] x) => node.OpType switch
    {
        "Add" => Binary<Add>(x[0], x[1]),
        "Sub" => Binary<Subtract>(x[0], x[1]),
        "Mul" => Binary<Multiply>(x[0], x[1]),
        "Div" => Binary<Divide>(x[0], x[1]),
        "Mod" => Binary<Remainder>(x[0], x[1]),
        "Max" => Binary<Largest>(x[0], x[1]),
        "Min" => Binary<Least>(x[0], x[1]),
        "Sum" => x.Aggregate(Binary<Add>),
        "Less" => Compare(x[0], x[1], (a, b) => a < b),
        "Equal" => Compare(x[0], x[1], (a, b) => a == b),
        "Where" => Where(x[0], x[1], x[2]),
        "Neg" => Map(x[0], value => -value),
        "Floor" => Map(x[0], Math.Floor),
        "Round" => Map(x[0], value => Math.Round(value, MidpointRounding.ToEven)),
        "Log" => Map(x[0], value => Math.Log(value)),
        "Tanh" => Map(x[0], Math.Tanh),
        "Erf" => Map(x[0], Erf),
        "Relu" => Map(x[0], value => value > 0 ? value : 0),
        "Sigmoid" => Map(x[0], value => 1 / (1 + Math.Exp(-value))),
        "IsNaN" => new OnnxValue(x[0].Shape, Array.ConvertAll(x[0].ToDoubles(), value => double.IsNaN(value) ? 1L : 0)),
        "Clip" => Binary<Least>(Binary<Largest>(x[0], x[1]), x[2]),
        "Cast" => Cast(x[0], node.Attribute.Single(attribute => attribute.Name == "to").I),
        _ => null,
    };

    /// <summary>The shape of two that meet.</summary>
    public static int[] Broadcast(int[] a, int[] b)
    {
        int rank = Math.Max(a.Length, b.Length);
        int[] shape = new int[rank];
        for (int axis = 1; axis <= rank; axis++)
        {
            int left = axis <= a.Length ? a[^axis] : 1;
            int right = axis <= b.Length ? b[^axis] : 1;
            shape[^axis] = left == right || right == 1 ? left
                : left == 1 ? right
                : throw new InvalidDataException($"({string.Join(", ", a)}) and ({string.Join(", ", b)}) do not fit one another.");
        }

        return shape;
    }

    /// <summary>For each element of the shape, the element of a smaller tensor that is repeated there.</summary>
    public static int[] Places(int[] from, int[] to)
    {
        int[] places = new int[to.Aggregate(1, (product, extent) => product * extent)];
        for (int i = 0; i < places.Length; i++)
        {
            int rest = i;
            int stride = 1;
            for (int axis = 1; axis <= to.Length; axis++)
            {
                int index = rest % to[^axis];
                rest /= to[^axis];
                if (axis <= from.Length)
                {
                    places[i] += (from[^axis] == 1 ? 0 : index) * stride;
                    stride *= from[^axis];
                }
            }
        }

        return places;
    }

    /// <summary>Floats are computed in double precision and rounded once: closer than single, as an operator may be.</summary>
    private static OnnxValue Map(OnnxValue x, Func<double, double> function) => x.IsDouble
        ? new OnnxValue(x.Shape, Array.ConvertAll(x.Doubles, value => function(value)))
        : new OnnxValue(x.Shape, Array.ConvertAll(x.Floats, value => (float)function(value)));

    private static OnnxValue Binary<TOperation>(OnnxValue a, OnnxValue b)
        where TOperation : IOperation
    {
        int[] shape = Broadcast(a.Shape, b.Shape);
        int[] left = Places(a.Shape, shape);
        int[] right = Places(b.Shape, shape);
        return a.IsFloat ? new OnnxValue(shape, Apply<float, TOperation>(a.Floats, left, b.Floats, right))
            : a.IsDouble ? new OnnxValue(shape, Apply<double, TOperation>(a.Doubles, left, b.Doubles, right))
            : new OnnxValue(shape, Apply<long, TOperation>(a.Integers, left, b.Integers, right));
    }

    private static T[] Apply<T, TOperation>(T[] a, int[] left, T[] b, int[] right)
        where T : INumber<T>
        where TOperation : IOperation
    {
        var results = new T[left.Length];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = TOperation.Apply(a[left[i]], b[right[i]]);
        }

        return results;
    }

    private static OnnxValue Compare(OnnxValue a, OnnxValue b, Func<double, double, bool> holds)
    {
        int[] shape = Broadcast(a.Shape, b.Shape);
        int[] left = Places(a.Shape, shape);
        int[] right = Places(b.Shape, shape);
        double[] first = a.ToDoubles();
        double[] second = b.ToDoubles();
        return new OnnxValue(shape, [.. left.Zip(right, (i, j) => holds(first[i], second[j]) ? 1L : 0)]);
    }

    private static OnnxValue Where(OnnxValue condition, OnnxValue a, OnnxValue b)
    {
        int[] shape = Broadcast(condition.Shape, Broadcast(a.Shape, b.Shape));
        int[] conditions = Places(condition.Shape, shape);
        int[] left = Places(a.Shape, shape);
        int[] right = Places(b.Shape, shape);
        T[] Choose<T>(T[] yes, T[] no) => [.. conditions.Select((c, i) => condition.Integers[c] != 0 ? yes[left[i]] : no[right[i]])];
        return a.IsFloat ? new OnnxValue(shape, Choose(a.Floats, b.Floats))
            : a.IsDouble ? new OnnxValue(shape, Choose(a.Doubles, b.Doubles))
            : new OnnxValue(shape, Choose(a.Integers, b.Integers));
    }

    private static OnnxValue Cast(OnnxValue x, long to) => (TensorProto.Types.DataType)to switch
    {
        TensorProto.Types.DataType.Float => new OnnxValue(
            x.Shape, x.IsFloat ? x.Floats : x.IsDouble ? Array.ConvertAll(x.Doubles, v => (float)v) : Array.ConvertAll(x.Integers, v => (float)v)),
        TensorProto.Types.DataType.Double => new OnnxValue(x.Shape, x.ToDoubles()),
        TensorProto.Types.DataType.Int64 or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Uint8 => new OnnxValue(
            x.Shape, Array.ConvertAll(x.ToDoubles(), value => (long)value)),
        _ => throw new InvalidDataException($"Cast to type {to} is none that we emit."),
    };

    /// <summary>2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)); beyond 4 it is ±1 to 8 digits.</summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 4)
        {
            return Math.Sign(x);
        }

        double term = x;
        double sum = x;
        for (int n = 1; n < 100; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return sum * 2 / Math.Sqrt(Math.PI);
    }

    private readonly struct Add : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => a + b;
    }

    private readonly struct Subtract : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => a - b;
    }

    private readonly struct Multiply : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => a * b;
    }

    private readonly struct Divide : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => a / b;
    }

    private readonly struct Remainder : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => a % b;
    }

    private readonly struct Largest : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => T.Max(a, b);
    }

    private readonly struct Least : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : INumber<T> => T.Min(a, b);
    }
}
