using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Precision;

public sealed class PrecisionSearchTests
{
    /// <summary>A made-up loss in which table 3 is dear in 4 bits, and towers in 8: the search finds exactly that.</summary>
    [Fact]
    public void Parts_that_cost_too_much_keep_their_bits()
    {
        PrecisionSearchResult result = Search(0.01, precision =>
            (precision.BitsOf(3) == 4 ? 0.02 : 0) + (precision.MlpBits == 8 ? 0.03 : 0) + (precision.BitsOf(0) == 4 ? 0.001 : 0));
        Assert.Equal([4, 4, 4, 8, 4], result.Precision.TableBits);
        Assert.Equal(16, result.Precision.MlpBits);
        Assert.Equal(1.001, result.Loss, 1e-9);
        Assert.Equal(2 * 6, result.Trials.Count);
        Assert.Equal([3], result.Trials.Where(trial => trial is { Bits: 8, Kept: true }).Select(trial => int.Parse(trial.Part[^1..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Where_nothing_costs_anything_one_trial_is_enough()
    {
        int measured = 0;
        PrecisionSearchResult result = Search(0, _ =>
        {
            measured++;
            return 0;
        });
        Assert.Equal(2, measured);
        Assert.Equal([4, 4, 4, 4, 4], result.Precision.TableBits);
        Assert.Equal(8, result.Precision.MlpBits);
    }

    /// <summary>Losses that do not add up: each pair of 4-bit tables costs more than both alone. The bound holds all the same.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.003)]
    [InlineData(0.05)]
    public void The_bound_is_never_exceeded(double bound)
    {
        static double Cost(ModelPrecision precision)
        {
            int narrow = Enumerable.Range(0, 5).Count(table => precision.BitsOf(table) == 4);
            int middle = Enumerable.Range(0, 5).Count(table => precision.BitsOf(table) == 8);
            return (narrow * narrow * 0.001) + (middle * 0.0001) + (precision.MlpBits < 32 ? 0.002 : 0);
        }

        PrecisionSearchResult result = Search(bound, Cost);
        Assert.Equal(1 + Cost(result.Precision), result.Loss, 1e-12);
        Assert.InRange(result.Loss - result.LossBefore, 0, bound + 1e-15);
    }

    private static PrecisionSearchResult Search(double bound, Func<ModelPrecision, double> cost)
    {
        using var engine = new Engine(1);
        using var model = new DlrmModel(ModelFixture.Config(), engine, optimizer: null);
        model.Initialize(new NumpyRandom(1));
        return new PrecisionSearch(model, candidate => 1 + cost(candidate.Config.Precision), bound).Run();
    }
}
