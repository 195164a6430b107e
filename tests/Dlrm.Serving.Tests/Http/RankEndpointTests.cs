using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data;
using Xunit;

namespace Dlrm.Serving.Tests.Http;

public sealed class RankEndpointTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    private const string Context = """{"age": 39, "workclass": "State-gov", "sex": "Male", "native_country": "a country of its own"}""";

    private static readonly string[] Candidates =
    [
        """{"education": "Bachelors", "occupation": "Sales"}""", """{"education": "11th"}""", """{"occupation": "Tech-support"}""",
        """{}""", """{"education": "Bachelors", "occupation": "Sales"}""",
    ];

    [Theory]
    [InlineData(Context)]
    [InlineData("{}")]
    public async Task Candidates_are_sorted_by_the_scores_of_complete_rows(string context)
    {
        float[] scores = SampleModel.Predict(census.Model, Rows(context, Candidates));
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(candidate => scores[candidate])];
        JsonElement body = await RankAsync($$"""{"candidates": [{{string.Join(',', Candidates)}}], "context": {{context}}}""");
        Assert.Equal(order, body.GetProperty("order").EnumerateArray().Select(number => number.GetInt32()));
        Assert.Equal(order.Select(candidate => scores[candidate]), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
        JsonElement best = await RankAsync($$"""{"top": 2, "candidates": [{{string.Join(',', Candidates)}}], "context": {{context}}}""");
        Assert.Equal(order[..2], best.GetProperty("order").EnumerateArray().Select(number => number.GetInt32()));
    }

    [Fact]
    public async Task Numbers_of_candidates_are_their_own()
    {
        string[] candidates = ["""{"age": 20, "hours_per_week": 10}""", """{"age": 60}""", """{"age": 40, "hours_per_week": 60}"""];
        const string Rest = """{"capital_gain": 5000, "education": "Masters"}""";
        float[] scores = SampleModel.Predict(census.Model, Rows(Rest, candidates));
        JsonElement body = await RankAsync($$"""{"context": {{Rest}}, "candidates": [{{string.Join(',', candidates)}}]}""");
        Assert.Equal(scores.OrderDescending(), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
    }

    [Fact]
    public async Task Binary_answers_are_numbers_and_then_scores()
    {
        string request = $$"""{"context": {{Context}}, "candidates": [{{string.Join(',', Candidates)}}]}""";
        JsonElement body = await RankAsync(request);
        using HttpResponseMessage answer = await census.Server.SendAsync("/v1/rank", Encoding.UTF8.GetBytes(request), ("Accept", "application/octet-stream"));
        byte[] bytes = await answer.Content.ReadAsByteArrayAsync(TestServer.Stop);
        Assert.Equal(body.GetProperty("order").EnumerateArray().Select(number => number.GetInt32()), MemoryMarshal.Cast<byte, int>(bytes.AsSpan(0, 20)).ToArray());
        Assert.Equal(body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()), MemoryMarshal.Cast<byte, float>(bytes.AsSpan(20)).ToArray());
    }

    [Fact]
    public async Task Tensors_of_one_row_are_the_contexts()
    {
        // Context: the numbers and all tables but 1; candidates: table 1.
        using Batch rows = SampleModel.RecordedRows(census.Model);
        int[] own = [0, 1, 2];
        JsonArray inputs = [Tensor("dense", "FP32", [1, rows.DenseFeatures], rows.Dense[..rows.DenseFeatures].ToArray().Select(value => JsonValue.Create(value)))];
        for (int table = 0; table < rows.Tables; table++)
        {
            int[] indices = table == 1 ? own : [rows.Indices(table)[0]];
            inputs.Add(Tensor($"indices_{table}", "INT64", [indices.Length], indices.Select(index => JsonValue.Create(index))));
            for (int row = 0; row < own.Length; row++)
            {
                rows.Indices(table)[row] = indices[table == 1 ? row : 0];
            }
        }

        for (int row = 1; row < own.Length; row++)
        {
            rows.Dense[..rows.DenseFeatures].CopyTo(rows.Dense[(row * rows.DenseFeatures)..]);
        }

        byte[] json = Encoding.UTF8.GetBytes(new JsonObject { ["inputs"] = inputs }.ToJsonString());
        (HttpStatusCode status, JsonElement body) = await census.Server.PostAsync("/v1/rank", json, ("Inference-Header-Content-Length", $"{json.Length}"));
        Assert.Equal(HttpStatusCode.OK, status);
        float[] expected = SampleModel.Predict(census.Model, rows)[..own.Length];
        Assert.Equal(expected.OrderDescending(), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
    }

    [Theory]
    [InlineData("""{"context": {}}""", "'candidates', an array")]
    [InlineData("""{"context": [], "candidates": [{}]}""", "'context', an object")]
    [InlineData("""{"context": {}, "candidates": []}""", "no candidates")]
    [InlineData("""{"context": {}, "candidates": [3]}""", "is not a JSON object")]
    [InlineData("""{"context": {"age": 3}, "candidates": [{"age": 4}]}""", "'age' stands in the context and in candidates")]
    [InlineData("""{"context": {"agee": 3}, "candidates": [{}]}""", "'agee' is no raw field")]
    [InlineData("""{"context": {}, "candidates": [{}], "top": 0}""", "'top' is a whole number")]
    [InlineData("[]", "Expected a JSON object")]
    public async Task What_is_no_ranking_is_refused(string json, string reason) =>
        Assert.Contains(reason, await census.Server.RefusedAsync("/v1/rank", json), StringComparison.Ordinal);

    private static string Rows(string context, IEnumerable<string> candidates)
    {
        var rows = new JsonArray();
        foreach (string candidate in candidates)
        {
            JsonObject row = JsonNode.Parse(context)!.AsObject();
            foreach ((string name, JsonNode? value) in JsonNode.Parse(candidate)!.AsObject())
            {
                row[name] = value?.DeepClone();
            }

            rows.Add(row);
        }

        return rows.ToJsonString();
    }

    private static JsonObject Tensor(string name, string type, int[] shape, IEnumerable<JsonNode?> data) => new()
    {
        ["name"] = name,
        ["datatype"] = type,
        ["shape"] = new JsonArray([.. shape.Select(extent => JsonValue.Create(extent))]),
        ["data"] = new JsonArray([.. data]),
    };

    private async Task<JsonElement> RankAsync(string json)
    {
        (HttpStatusCode status, JsonElement body) = await census.Server.PostAsync("/v1/models/census/rank", json);
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }
}
