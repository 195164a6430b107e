using System.Net;
using System.Text.Json;
using Xunit;

namespace Dlrm.Serving.Tests.Http;

public sealed class ScoreEndpointTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    private readonly string _model = census.Model;

    private TestServer Server => census.Server;

    [Fact]
    public async Task Rows_get_the_scores_of_the_model_to_the_bit()
    {
        float[] expected = SampleModel.Predict(_model, SampleModel.RowsArray);
        Assert.Equal(expected.Length, expected.Distinct().Count());
        (HttpStatusCode status, JsonElement body) = await Server.PostAsync("/v1/score", SampleModel.RowsArray);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("census", body.GetProperty("model").GetString());
        Assert.Equal(expected, body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
        for (int row = 0; row < expected.Length; row++)
        {
            (_, JsonElement one) = await Server.PostAsync("/v1/models/census/score", SampleModel.Rows[row]);
            Assert.Equal(expected[row], one.GetProperty("score").GetSingle());
        }
    }

    [Fact]
    public async Task Many_requests_at_once_are_scored_together_and_not_mixed()
    {
        await using TestServer server = await TestServer.StartAsync(_model, options: new ServingOptions { BatchDelay = TimeSpan.FromMilliseconds(5) });
        float[] expected = SampleModel.Predict(_model, SampleModel.RowsArray);
        IEnumerable<Task> clients = Enumerable.Range(0, 60).Select(async number =>
        {
            int row = number % expected.Length;
            (_, JsonElement body) = await server.PostAsync("/v1/score", SampleModel.Rows[row]);
            Assert.Equal(expected[row], body.GetProperty("score").GetSingle());
        });
        await Task.WhenAll(clients);
        Assert.InRange(server.Catalog.Models[0].Batches.BatchRows.Count, 1, 59);
    }

    [Theory]
    [InlineData("""{"age": "x1"}""", "field 'age': 'x1' is not a number")]
    [InlineData("""[{}, {"age": 1, "agee": 2}]""", "Row 1: 'agee' is no raw field of the model")]
    [InlineData("""{"age": {"years": 3}}""", "field 'age'")]
    [InlineData("[]", "The array holds no rows")]
    [InlineData("17", "Expected a JSON object of raw values by name, or an array")]
    [InlineData("[1]", "Row 0: '1' is not a JSON object")]
    [InlineData("", "not the JSON that was expected")]
    [InlineData("""{"age": 3""", "not the JSON that was expected")]
    [InlineData("""{"age": NaN}""", "not the JSON that was expected")]
    [InlineData("""{} {}""", "not the JSON that was expected")]
    public async Task What_is_no_row_is_refused_with_a_reason(string json, string reason)
    {
        string error = await Server.RefusedAsync("/v1/score", json);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        (HttpStatusCode status, _) = await Server.PostAsync("/v1/score", SampleModel.Rows[0]);
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task Too_many_rows_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(_model, options: new ServingOptions { MaxRows = 20 });
        string rows = $"[{string.Join(',', Enumerable.Repeat("{}", 21))}]";
        Assert.Contains("21 rows; 20 are the most", await server.RefusedAsync("/v1/score", rows), StringComparison.Ordinal);
        (HttpStatusCode status, _) = await server.PostAsync("/v1/score", $"[{string.Join(',', Enumerable.Repeat("{}", 20))}]");
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task A_model_without_raw_values_says_where_to_send_tensors()
    {
        using var scratch = new ScratchFolder();
        SampleModel.Save(scratch["bare"], raw: false);
        await using TestServer server = await TestServer.StartAsync(scratch["bare"]);
        Assert.Contains("/v2/models/bare/infer", await server.RefusedAsync("/v1/score", "{}", HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_model_or_path_is_not_found()
    {
        Assert.Contains("there are census", await Server.RefusedAsync("/v1/models/other/score", "{}", HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Contains("openapi.json", await Server.RefusedAsync("/v3/score", "{}", HttpStatusCode.NotFound), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deadline_is_kept()
    {
        await using TestServer server = await TestServer.StartAsync(_model, options: new ServingOptions { BatchDelay = TimeSpan.FromSeconds(60) });
        (HttpStatusCode status, JsonElement body) = await server.PostAsync("/v1/score", "{}", ("Request-Timeout-Ms", "1"));
        Assert.Equal(HttpStatusCode.GatewayTimeout, status);
        Assert.Contains("time for this request is over", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, server.Catalog.Models[0].Current!.Queue.Rows);
        (status, _) = await server.PostAsync("/v1/score", "{}", ("Request-Timeout-Ms", "soon"));
        Assert.Equal(HttpStatusCode.BadRequest, status);
    }

    [Fact]
    public async Task A_full_queue_is_said_to_be_with_the_time_to_try_again()
    {
        await using TestServer server = await TestServer.StartAsync(
            _model, options: new ServingOptions { BatchDelay = TimeSpan.FromSeconds(60), QueueRows = 4, MaxRows = 4 });
        using var gone = new CancellationTokenSource();
        using var first = new StringContent("[{}, {}, {}]");
        Task waiting = server.Client.PostAsync("/v1/score", first, gone.Token);
        while (server.Catalog.Models[0].Current!.Queue.Rows < 3)
        {
            await Task.Yield();
        }

        using HttpResponseMessage answer = await server.SendAsync("/v1/score", "[{}, {}]"u8.ToArray());
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        while (server.Catalog.Models[0].Current!.Queue.Rows > 0)
        {
            await Task.Yield(); // who has gone leaves the queue
        }
    }
}
