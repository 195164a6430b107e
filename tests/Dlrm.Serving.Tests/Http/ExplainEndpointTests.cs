using System.Net;
using System.Text.Json;
using Xunit;

namespace Dlrm.Serving.Tests.Http;

public sealed class ExplainEndpointTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    [Fact]
    public async Task Each_field_moved_the_score_by_what_is_lost_without_it()
    {
        (HttpStatusCode status, JsonElement body) = await census.Server.PostAsync(
            "/v1/explain", """{"age": 39, "sex": "Male", "capital_gain": null}""");
        Assert.Equal(HttpStatusCode.OK, status);
        float[] scores = SampleModel.Predict(census.Model, """[{"age": 39, "sex": "Male"}, {"sex": "Male"}, {"age": 39}]""");
        Assert.Equal(scores[0], body.GetProperty("score").GetSingle());
        JsonElement moved = body.GetProperty("moved_by");
        Assert.Equal(scores[0] - scores[1], moved.GetProperty("age").GetSingle());
        Assert.Equal(scores[0] - scores[2], moved.GetProperty("sex").GetSingle());
        Assert.Equal(0, moved.GetProperty("capital_gain").GetSingle());
        Assert.NotEqual(0, moved.GetProperty("age").GetSingle());
    }

    [Theory]
    [InlineData("[{}]", "one row")]
    [InlineData("""{"agee": 1}""", "'agee' is no raw field")]
    [InlineData("""{"age": "x"}""", "is not a number")]
    public async Task What_is_no_row_is_refused(string json, string reason) =>
        Assert.Contains(reason, await census.Server.RefusedAsync("/v1/explain", json), StringComparison.Ordinal);

    [Fact]
    public async Task A_row_too_long_to_write_out_for_every_field_is_refused()
    {
        string error = await census.Server.RefusedAsync(
            "/v1/explain", $$"""{"age": "{{new string('1', 70_000)}}"}""", HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains("65536 bytes", error, StringComparison.Ordinal);
    }
}
