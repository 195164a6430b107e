using System.Globalization;
using System.Net;
using Dlrm.Checkpoints;
using Dlrm.Serving.Metrics;
using Xunit;

namespace Dlrm.Serving.Tests.Metrics;

public sealed class MetricsTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    [Fact]
    public async Task Requests_batches_unknown_values_and_scores_are_counted()
    {
        Dictionary<string, double> before = await ReadAsync();
        await census.Server.PostAsync("/v1/score", SampleModel.RowsArray);
        await census.Server.PostAsync("/v1/score", "[");
        Dictionary<string, double> after = await ReadAsync();
        Assert.Equal(1, Change("dlrm_requests_total{endpoint=\"score\",code=\"200\"}"));
        Assert.Equal(1, Change("dlrm_requests_total{endpoint=\"score\",code=\"400\"}"));
        Assert.Equal(2, Change("dlrm_request_seconds_count{endpoint=\"score\"}"));
        Assert.Equal(3, Change("dlrm_batch_rows_sum{model=\"census\"}"));
        Assert.Equal(1, Change("dlrm_batch_rows_bucket{model=\"census\",le=\"4\"}"));
        Assert.Equal(3, Change("dlrm_raw_rows_total{model=\"census\"}"));
        Assert.Equal(1, Change("dlrm_feature_unknown_total{model=\"census\",feature=\"workclass\"}"));
        Assert.Equal(0, Change("dlrm_feature_unknown_total{model=\"census\",feature=\"sex\"}"));
        Assert.Equal(1, Change("dlrm_feature_missing_total{model=\"census\",feature=\"age\"}"));
        Assert.Equal(3, Change("dlrm_score_rows_total{model=\"census\",le=\"1\"}"));
        Assert.Contains(after.Keys, name => name.StartsWith("dlrm_model_info{model=\"census\",version=", StringComparison.Ordinal));
        Assert.True(after["dlrm_score_stability_index{model=\"census\"}"] > 0);
        Assert.Equal(0, after["dlrm_queue_rows{model=\"census\"}"]);

        double Change(string name) => after[name] - before.GetValueOrDefault(name);
    }

    [Fact]
    public void The_stability_index_is_the_sum_over_groups_of_bins()
    {
        var drift = new ScoreDrift(new RecordedDistribution(1, [50, 50]));
        Assert.Null(drift.StabilityIndex());
        ScoreCounts counts = drift.NewCounts();
        counts.Add([0.1f, 0.2f, 0.3f, 0.7f]);
        Assert.Equal((0.25 * Math.Log(1.5)) + (-0.25 * Math.Log(0.5)), drift.StabilityIndex()!.Value, 1e-12);
        drift.NewCounts().Add([0.6f, 0.9f]);
        Assert.Equal(0, drift.StabilityIndex()!.Value, 1e-12);
        Assert.Equal([(0.5, 3L), (1.0, 6L)], drift.Cumulative());
    }

    [Fact]
    public void Rare_bins_are_put_together_and_an_empty_one_is_not_infinite()
    {
        var drift = new ScoreDrift(new RecordedDistribution(0.4, [1, 1, 98, 0]));
        ScoreCounts counts = drift.NewCounts();
        counts.Add([0.01f, 0.99f]);

        // The groups are bins 0 to 2 and bin 3, which is empty in training.
        Assert.Equal(((0.5 - 1) * Math.Log(0.5)) + ((0.5 - 1e-4) * Math.Log(0.5 / 1e-4)), drift.StabilityIndex()!.Value, 1e-9);
    }

    [Fact]
    public void Quantiles_of_a_histogram_are_the_bounds_above_them()
    {
        var histogram = new Histogram([1, 2, 4]);
        Assert.Equal(0, histogram.Quantile(0.5));
        foreach (double value in (double[])[0.5, 1, 1.5, 3, 9])
        {
            histogram.Observe(value);
        }

        Assert.Equal(5, histogram.Count);
        Assert.Equal(1, histogram.Quantile(0.4));
        Assert.Equal(2, histogram.Quantile(0.5));
        Assert.Equal(4, histogram.Quantile(0.99));
    }

    private async Task<Dictionary<string, double>> ReadAsync()
    {
        using HttpResponseMessage answer = await census.Server.Client.GetAsync("/metrics", TestServer.Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        string text = await answer.Content.ReadAsStringAsync(TestServer.Stop);
        return text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToDictionary(
            line => line[..line.LastIndexOf(' ')], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
