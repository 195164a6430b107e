namespace Dlrm.Tests.Layers;

/// <summary>The interactions of one sample in plain loops: what the kernels must give, to the bit.</summary>
internal static class InteractionTwin
{
    public static float[] Forward(string name, bool itself, int features, int dimension, float[] t)
    {
        List<float> output = [.. name == "cat" ? t : t[..dimension]];
        for (int i = 0; i < features && name is "dot"; i++)
        {
            for (int j = 0; j < (itself ? i + 1 : i); j++)
            {
                output.Add(Dot(t, i, j, dimension));
            }
        }

        for (int i = 1; i < features && name is "dot-dense"; i++)
        {
            output.Add(Dot(t, i, 0, dimension));
        }

        for (int k = 0; k < dimension && name is "sum"; k++)
        {
            float sum = t[dimension + k];
            for (int i = 2; i < features; i++)
            {
                sum += t[(i * dimension) + k];
            }

            output.Add(sum);
        }

        return [.. output];
    }

    public static float[] Backward(string name, bool itself, int features, int dimension, float[] t, float[] dz)
    {
        if (name == "cat")
        {
            return dz;
        }

        var gradient = new float[t.Length];
        dz.AsSpan(0, dimension).CopyTo(gradient);
        for (int i = 0; i < features; i++)
        {
            for (int k = 0; k < dimension; k++)
            {
                int at = (i * dimension) + k;
                for (int j = 0; j < features && name == "dot"; j++)
                {
                    gradient[at] = MathF.FusedMultiplyAdd(t[(j * dimension) + k], S(i, j), gradient[at]);
                }

                if (name == "dot-dense" && i > 0)
                {
                    float product = dz[dimension + i - 1];
                    gradient[k] = MathF.FusedMultiplyAdd(product, t[at], gradient[k]);
                    gradient[at] = product * t[k];
                }

                if (name == "sum" && i > 0)
                {
                    gradient[at] = dz[dimension + k];
                }
            }
        }

        return gradient;

        float S(int i, int j)
        {
            (int high, int low) = i > j ? (i, j) : (j, i);
            int first = dimension + (high * (itself ? high + 1 : high - 1) / 2);
            return i != j ? dz[first + low] : itself ? 2 * dz[first + low] : 0;
        }
    }

    /// <summary>Σ output · outputGradient in double precision: a function whose gradient is the backward pass.</summary>
    public static double Loss(string name, bool itself, int features, int dimension, double[] t, float[] outputGradient)
    {
        double loss = 0;
        int column = 0;
        for (int k = 0; k < (name == "cat" ? t.Length : dimension); k++)
        {
            loss += t[k] * outputGradient[column++];
        }

        for (int i = 0; i < features; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                if ((name == "dot" && (j < i || itself)) || (name == "dot-dense" && j == 0 && i > 0))
                {
                    double dot = 0;
                    for (int k = 0; k < dimension; k++)
                    {
                        dot += t[(i * dimension) + k] * t[(j * dimension) + k];
                    }

                    loss += dot * outputGradient[column++];
                }
            }
        }

        for (int at = dimension; at < t.Length && name == "sum"; at++)
        {
            loss += t[at] * outputGradient[dimension + (at % dimension)];
        }

        return loss;
    }

    private static float Dot(float[] t, int i, int j, int dimension)
    {
        float sum = 0;
        for (int k = 0; k < dimension; k++)
        {
            sum = MathF.FusedMultiplyAdd(t[(i * dimension) + k], t[(j * dimension) + k], sum);
        }

        return sum;
    }
}
