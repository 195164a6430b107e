using Dlrm.Layers;
using Dlrm.Optimizers;
using Dlrm.Tests.Layers;
using Xunit;

namespace Dlrm.Tests.Optimizers;

public sealed class FtrlTests
{
    private const float Rate = 0.1f;

    /// <summary>Algorithm 1 of McMahan et al. 2013 as printed: weights from z and n before each gradient, from 0.</summary>
    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0.1f, 0.5f, 0.2f)]
    [InlineData(1, 30, 1)]
    public void From_zero_the_weights_are_those_of_the_article(float beta, float lambda1, float lambda2)
    {
        const int Size = 37;
        using var engine = new Engine(2);
        using var parameter = new Parameter("p", [Size], dense: true);
        var options = new OptimizerOptions { FtrlBeta = beta, FtrlL1 = lambda1, FtrlL2 = lambda2 };
        using var optimizer = Optimizer.Create("ftrl", engine, [parameter], [], options);
        double[] z = new double[Size];
        double[] n = new double[Size];
        double[] w = new double[Size];
        for (int step = 0; step < 8; step++)
        {
            LookupBatches.Randomize(parameter.Gradient!.Span, step);
            for (int i = 0; i < Size; i++)
            {
                double g = parameter.Gradient![i];
                double sigma = (Math.Sqrt(n[i] + (g * g)) - Math.Sqrt(n[i])) / Rate;
                z[i] += g - (sigma * w[i]);
                n[i] += g * g;
                w[i] = Math.Abs(z[i]) <= lambda1
                    ? 0
                    : -(z[i] - (Math.Sign(z[i]) * lambda1)) / (((beta + Math.Sqrt(n[i])) / Rate) + lambda2);
            }

            optimizer.Dense.Update(engine, Rate);
            for (int i = 0; i < Size; i++)
            {
                Assert.InRange(parameter.Value[i], w[i] - 2e-6, w[i] + 2e-6);
            }
        }

        Assert.Equal(lambda1 > 0, parameter.Value.Span.Contains(0f));
    }

    [Fact]
    public void Training_starts_from_the_weights_there_are()
    {
        using var engine = new Engine(1);
        using var parameter = new Parameter("p", [20], dense: true);
        using var optimizer = Optimizer.Create(
            "ftrl", engine, [parameter], [], new OptimizerOptions { FtrlL1 = 0.5f, FtrlL2 = 2 });
        LookupBatches.Randomize(parameter.Value.Span, 3);
        float[] start = parameter.Value.Span.ToArray();
        optimizer.Dense.Update(engine, Rate);
        Assert.Equal(start, parameter.Value.Span.ToArray());
        parameter.Gradient!.Span.Fill(1e-4f);
        optimizer.Dense.Update(engine, Rate);
        for (int place = 0; place < start.Length; place++)
        {
            Assert.InRange(parameter.Value[place], start[place] - 1e-3f, start[place] + 1e-3f);
        }
    }

    [Fact]
    public void Another_rate_alone_moves_no_weight()
    {
        using var engine = new Engine(1);
        using var parameter = new Parameter("p", [20], dense: true);
        using var optimizer = Optimizer.Create("ftrl", engine, [parameter], []);
        LookupBatches.Randomize(parameter.Gradient!.Span, 4);
        optimizer.Dense.Update(engine, Rate);
        float[] before = parameter.Value.Span.ToArray();
        parameter.Gradient!.Span.Clear();
        optimizer.Dense.Update(engine, Rate / 10);
        for (int place = 0; place < before.Length; place++)
        {
            Assert.Equal(before[place], parameter.Value[place], 1e-6f);
        }
    }
}
