using Dlrm.Model;

namespace Dlrm.Tests.Layers;

/// <summary>One table of any kind in plain loops over double precision: pooling, gradients and the optimizer's step.</summary>
/// <param name="layout">The kind.</param>
/// <param name="optimizer">The rule's name, with its default options.</param>
/// <param name="rate">Step size.</param>
internal sealed class TableTwin(TableLayout layout, string optimizer, double rate)
{
    private readonly int _wide = layout.PooledDimension;

    /// <summary>Parameters and optimizer state by name.</summary>
    public Dictionary<string, double[]> Values { get; } = [];

    private int Collisions => layout.QuotientRemainder!.Collisions;

    private string Projection => $"emb_l.{layout.Number}.proj.weight";

    private string Weights => $"v_W_l.{layout.Number}";

    /// <summary>The looked-up matrices: name, and which row an index takes.</summary>
    private (string Name, Func<int, int> Row)[] Parts => layout switch
    {
        { QuotientRemainder: not null } =>
        [
            ($"emb_l.{layout.Number}.weight_q", index => index / Collisions),
            ($"emb_l.{layout.Number}.weight_r", index => index % Collisions),
        ],
        { IsMixedDimension: true } => [($"emb_l.{layout.Number}.embs.weight", index => index)],
        _ => [($"emb_l.{layout.Number}.weight", index => index)],
    };

    /// <summary>(B, D) pooled, one array a bag.</summary>
    public double[][] Forward(int[][] bags) => [.. bags.Select(bag => Join([.. Parts.Select(part => Sum(part, bag))]))];

    /// <summary>One step down the gradient; gives that of the projection, if there is one.</summary>
    public double[] Step(int[][] bags, double[][] gradient)
    {
        int d = layout.Dimension;
        var slopes = Values.Keys.Where(name => !IsState(name)).ToDictionary(name => name, name => new double[Values[name].Length]);
        for (int b = 0; b < bags.Length; b++)
        {
            double[][] sums = [.. Parts.Select(part => Sum(part, bags[b]))];
            for (int p = 0; p < Parts.Length; p++)
            {
                double[] g = PartGradient(p, sums, gradient[b], slopes);
                foreach (int index in bags[b])
                {
                    int row = Parts[p].Row(index);
                    for (int k = 0; k < d; k++)
                    {
                        slopes[Parts[p].Name][(row * d) + k] += Factor(index, bags[b].Length) * g[k];
                        if (layout.HasPoolingWeights)
                        {
                            slopes[Weights][index] += Values[Parts[p].Name][(row * d) + k] * g[k] / Length(bags[b].Length);
                        }
                    }
                }
            }
        }

        int[] touched = [.. bags.SelectMany(bag => bag).Distinct()];
        foreach ((string name, Func<int, int> row) in Parts)
        {
            foreach (int number in touched.Select(row).Distinct())
            {
                Apply(name, number, d, slopes[name], optimizer);
            }
        }

        foreach (int index in layout.HasPoolingWeights ? touched : [])
        {
            Apply(Weights, index, 1, slopes[Weights], optimizer == "rwsadagrad" ? "adagrad" : optimizer);
        }

        return slopes.GetValueOrDefault(Projection, []);
    }

    private static bool IsState(string name) =>
        name.EndsWith(".sum", StringComparison.Ordinal) || name.EndsWith(".momentum", StringComparison.Ordinal)
        || name.Contains(".exp_avg", StringComparison.Ordinal) || name.EndsWith(".linear", StringComparison.Ordinal)
        || name.EndsWith(".accumulator", StringComparison.Ordinal) || name == "sparse.step";

    private double Length(int length) => layout.IsMean ? length : 1;

    private double Factor(int index, int length) =>
        (layout.HasPoolingWeights ? Values[Weights][index] : 1) / Length(length);

    private double[] Sum((string Name, Func<int, int> Row) part, int[] bag)
    {
        var sum = new double[layout.Dimension];
        foreach (int index in bag)
        {
            for (int k = 0; k < sum.Length; k++)
            {
                sum[k] += Factor(index, bag.Length) * Values[part.Name][(part.Row(index) * sum.Length) + k];
            }
        }

        return sum;
    }

    private double[] Join(double[][] sums) => layout.QuotientRemainder?.Operation switch
    {
        "mult" => [.. sums[0].Zip(sums[1], (q, r) => q * r)],
        "add" => [.. sums[0].Zip(sums[1], (q, r) => q + r)],
        "concat" => [.. sums[0], .. sums[1]],
        _ when Values.TryGetValue(Projection, out double[]? projection) =>
            [.. Enumerable.Range(0, _wide).Select(row => sums[0].Select((x, k) => x * projection[(row * sums[0].Length) + k]).Sum())],
        _ => sums[0],
    };

    private double[] PartGradient(int part, double[][] sums, double[] g, Dictionary<string, double[]> slopes)
    {
        int d = layout.Dimension;
        switch (layout.QuotientRemainder?.Operation)
        {
            case "mult":
                return [.. g.Zip(sums[1 - part], (a, b) => a * b)];
            case "concat":
                return g[(part * d)..((part + 1) * d)];
            case null when Values.TryGetValue(Projection, out double[]? projection):
                for (int row = 0; row < _wide; row++)
                {
                    for (int k = 0; k < d; k++)
                    {
                        slopes[Projection][(row * d) + k] += g[row] * sums[0][k];
                    }
                }

                return [.. Enumerable.Range(0, d).Select(k => g.Select((value, row) => value * projection[(row * d) + k]).Sum())];
            default:
                return g;
        }
    }

    private void Apply(string name, int row, int d, double[] slopes, string rule)
    {
        double[] w = Values[name];
        double mean = Enumerable.Range(row * d, d).Sum(place => slopes[place] * slopes[place]) / d;
        for (int place = row * d; place < (row + 1) * d; place++)
        {
            double g = slopes[place];
            switch (rule)
            {
                case "adagrad":
                    double s = Values.TryGetValue(name + ".sum", out double[]? sums) ? sums[place] += g * g : throw new KeyNotFoundException(name);
                    w[place] -= rate * g / (Math.Sqrt(s) + 1e-10);
                    break;
                case "rwsadagrad":
                    double[] momentum = Values[name + ".momentum"];
                    momentum[row] += place == row * d ? mean : 0;
                    w[place] -= rate * g / (Math.Sqrt(momentum[row]) + 1e-10);
                    break;
                case "adam":
                    double m = Values[name + ".exp_avg"][place] += 0.1 * (g - Values[name + ".exp_avg"][place]);
                    double v = Values[name + ".exp_avg_sq"][place] = (0.999 * Values[name + ".exp_avg_sq"][place]) + (0.001 * g * g);
                    w[place] -= rate * Math.Sqrt(0.001) / 0.1 * m / (Math.Sqrt(v) + 1e-8);
                    break;
                case "ftrl":
                    double n = Values[name + ".accumulator"][place];
                    double next = Values[name + ".accumulator"][place] = n + (g * g);
                    double z = Values[name + ".linear"][place] += (rate * g) - ((Math.Sqrt(next) - Math.Sqrt(n)) * w[place]);
                    w[place] = -z / (1 + Math.Sqrt(next));
                    break;
                default:
                    w[place] -= rate * g;
                    break;
            }
        }
    }
}
