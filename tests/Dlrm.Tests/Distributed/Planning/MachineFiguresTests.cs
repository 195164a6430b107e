using Dlrm.Distributed.Planning;
using Xunit;

namespace Dlrm.Tests.Distributed.Planning;

public sealed class MachineFiguresTests
{
    [Fact]
    public void Figures_come_back_from_their_file()
    {
        string json = Machines.Server().ToJson();
        Assert.Equal(json, MachineFigures.FromJson(json).ToJson());
    }

    [Theory]
    [InlineData("\"coresPerHost\": 16", "\"coresPerHost\": 0", "coresPerHost is 0")]
    [InlineData("\"peakGflops\": 240", "\"peakGflops\": -1", "peakGflops")]
    [InlineData("\"version\": 1", "\"version\": 2", "version is 2")]
    [InlineData("\"coresPerHost\"", "\"cores\"", "no machine figures")]
    public void A_figure_that_cannot_be_is_named(string good, string bad, string named)
    {
        string json = Machines.Server().ToJson().Replace(good, bad, StringComparison.Ordinal);
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => MachineFigures.FromJson(json)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_calibration_gives_figures_that_can_be_used()
    {
        using var engine = new Engine(1);
        MachineFigures measured = MachineFigures.FromJson(Calibration.Measure(engine).ToJson());
        Assert.Equal(1, measured.Threads);
        PlanRequest request = Requests.Of([100_000, 10], 16, 128, ranks: 2) with { Machine = measured };
        Assert.True(Planner.Plan(request).Prediction.StepMs > 0);
    }
}
