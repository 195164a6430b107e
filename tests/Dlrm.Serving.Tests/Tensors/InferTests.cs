using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data;
using Xunit;

namespace Dlrm.Serving.Tests.Tensors;

public sealed class InferTests(ServedCensus census) : IClassFixture<ServedCensus>, IDisposable
{
    private const string Path = "/v2/models/census/infer";
    private readonly string _model = census.Model;
    private readonly Batch _rows = SampleModel.RecordedRows(census.Model);

    private int Rows => _rows.Size;

    private int Dense => _rows.DenseFeatures;

    private int Tables => _rows.Tables;

    private TestServer Server => census.Server;

    public void Dispose() => _rows.Dispose();

    [Fact]
    public async Task Tensors_in_JSON_get_the_recorded_scores()
    {
        JsonObject request = Request();
        request["id"] = "42";
        request["outputs"] = new JsonArray(new JsonObject { ["name"] = "score" });
        (HttpStatusCode status, JsonElement body) = await Server.PostAsync(Path, request.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("42", body.GetProperty("id").GetString());
        Assert.Equal("census", body.GetProperty("model_name").GetString());
        JsonElement output = Assert.Single(body.GetProperty("outputs").EnumerateArray());
        Assert.Equal("FP32", output.GetProperty("datatype").GetString());
        Assert.Equal(Rows, Assert.Single(output.GetProperty("shape").EnumerateArray()).GetInt32());
        Assert.Equal(SampleModel.RecordedScores(_model), Scores(body));
    }

    [Fact]
    public async Task Nested_data_and_data_before_the_shape_are_read_too()
    {
        JsonObject request = Request();
        JsonNode dense = request["inputs"]![0]!;
        var nested = new JsonArray([.. Enumerable.Range(0, Rows).Select(row => new JsonArray([.. _rows.Dense.Slice(row * Dense, Dense).ToArray().Select(value => JsonValue.Create(value))]))]);
        request["inputs"]![0] = new JsonObject
        {
            ["data"] = nested,
            ["shape"] = dense["shape"]!.DeepClone(),
            ["datatype"] = "FP32",
            ["parameters"] = new JsonObject { ["note"] = new JsonObject { ["data"] = 1 } },
            ["name"] = "dense",
        };
        (_, JsonElement body) = await Server.PostAsync(Path, request.ToJsonString());
        Assert.Equal(SampleModel.RecordedScores(_model), Scores(body));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Binary_tensors_get_binary_scores(bool askedOfAll)
    {
        (byte[] body, string length) = Binary(askedOfAll);
        using HttpResponseMessage answer = await Server.SendAsync(Path, body, ("Inference-Header-Content-Length", length));
        Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType!.MediaType);
        byte[] bytes = await answer.Content.ReadAsByteArrayAsync(TestServer.Stop);
        int json = int.Parse(answer.Headers.GetValues("Inference-Header-Content-Length").Single(), System.Globalization.CultureInfo.InvariantCulture);
        JsonElement output = JsonDocument.Parse(bytes.AsMemory(0, json)).RootElement.GetProperty("outputs")[0];
        Assert.Equal(sizeof(float) * Rows, output.GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.Equal(SampleModel.RecordedScores(_model), MemoryMarshal.Cast<byte, float>(bytes.AsSpan(json)).ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Bags_are_given_by_indices_and_offsets_of_each_table(int extra)
    {
        _rows.Resize(2);
        var dense = new float[2 * Dense];
        _rows.Dense.Clear();
        for (int table = 0; table < Tables; table++)
        {
            // One row without lookups, one with three.
            new[] { 0, 0, 3 }.CopyTo(_rows.Offsets(table));
            new[] { 1, 0, 1 }.CopyTo(_rows.ReserveIndices(table, 3));
        }

        var inputs = new JsonArray(Tensor("dense", "FP32", [2, Dense], dense.Select(value => JsonValue.Create(value))));
        for (int table = 0; table < Tables; table++)
        {
            inputs.Add(Tensor($"indices_{table}", "INT64", [3], new[] { 1, 0, 1 }.Select(value => JsonValue.Create(value))));
            inputs.Add(Tensor($"offsets_{table}", "INT32", [2 + extra], new[] { 0, 0, 3 }.Take(2 + extra).Select(value => JsonValue.Create(value))));
        }

        (_, JsonElement body) = await Server.PostAsync(Path, new JsonObject { ["inputs"] = inputs }.ToJsonString());
        Assert.Equal(SampleModel.Predict(_model, _rows), Scores(body));
    }

    [Theory]
    [InlineData("dense", "shape", "[8, 5]", "expected [8, 6]")]
    [InlineData("dense", "shape", "[48]", "expected [B, 6]")]
    [InlineData("dense", "shape", "[7, 6]", "more elements than its shape")]
    [InlineData("dense", "shape", "[0, 6]", "no rows")]
    [InlineData("dense", "shape", "[-1, 6]", "extents are 0 or more")]
    [InlineData("dense", "shape", "[4611686018427387904, 6]", "extents are 0 or more")]
    [InlineData("dense", "shape", "[357913941, 6]", "rows")]
    [InlineData("dense", "shape", "{}", "Expected an array as an input's 'shape'")]
    [InlineData("dense", "datatype", "\"INT64\"", "expected FP32")]
    [InlineData("dense", "name", "\"thick\"", "There is no input 'thick'")]
    [InlineData("dense", "name", "\"sparse\"", "twice")]
    [InlineData("dense", "data", "[1, 2]", "fewer elements than its shape")]
    [InlineData("dense", "data", "[\"NaN\"]", "fewer elements")]
    [InlineData("dense", "data", "7", "Expected an array as an input's 'data'")]
    [InlineData("sparse", "data", "[0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]", "is no whole number")]
    [InlineData("sparse", "data", "[99999, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]", "lies outside [0, ")]
    [InlineData("sparse", "data", "[-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]", "index -1 lies outside")]
    [InlineData("sparse", "name", "\"indices_0\"", "is missing")]
    [InlineData("sparse", "name", "\"indices_77\"", "There is no input")]
    public async Task A_wrong_tensor_is_named_with_what_was_expected(string tensor, string member, string value, string reason)
    {
        JsonObject request = Request();
        request["inputs"]![tensor == "dense" ? 0 : 1]![member] = JsonNode.Parse(value);
        string error = await Server.RefusedAsync(Path, request.ToJsonString());
        Assert.True(
            error.Contains(reason, StringComparison.Ordinal) || (reason == "is missing" && error.Contains("Neither", StringComparison.Ordinal)), error);
    }

    [Theory]
    [InlineData("{}", "no 'inputs'")]
    [InlineData("""{"inputs": []}""", "no 'inputs'")]
    [InlineData("""{"inputs": 3}""", "Expected an array as 'inputs'")]
    [InlineData("""{"inputs": [3]}""", "Each of 'inputs'")]
    [InlineData("""{"inputs": [{"name": "dense"}]}""", "needs name, datatype, shape")]
    [InlineData("""{"inputs": [{"name": "dense", "datatype": "FP32", "shape": [1, 6], "parameters": {"binary_data_size": 24}}]}""", "0 bytes are left")]
    [InlineData("""{"outputs": [{"name": "logit"}], "inputs": []}""", "There is no output 'logit'")]
    [InlineData("[", "Expected a JSON object")]
    public async Task A_wrong_request_is_refused(string json, string reason)
    {
        Assert.Contains(reason, await Server.RefusedAsync(Path, json), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Binary_tensors_are_checked_as_well()
    {
        (byte[] body, string length) = Binary(askedOfAll: true);
        byte[] spoilt = [.. body];
        BinaryPrimitives.WriteSingleLittleEndian(spoilt.AsSpan(int.Parse(length, System.Globalization.CultureInfo.InvariantCulture)), float.NaN);
        await RefusedAsync(spoilt, length, "element 0 is not a finite number");
        await RefusedAsync([.. body, 1], length, "1 bytes follow the last tensor");
        await RefusedAsync(body[..^1], length, "bytes are left in the body");
        await RefusedAsync(body, "99999999", "says 99999999 bytes");
        await RefusedAsync(body, "-3", "is a whole number of bytes");
        spoilt = [.. body];
        BinaryPrimitives.WriteInt64LittleEndian(spoilt.AsSpan(spoilt.Length - sizeof(long)), long.MaxValue);
        await RefusedAsync(spoilt, length, "lies outside");
    }

    [Fact]
    public async Task Metadata_and_health_are_those_of_the_protocol()
    {
        Assert.True((await Server.GetAsync("/v2/health/live")).GetProperty("live").GetBoolean());
        Assert.True((await Server.GetAsync("/v2/health/ready")).GetProperty("ready").GetBoolean());
        JsonElement about = await Server.GetAsync("/v2");
        Assert.Contains("binary_tensor_data", about.GetProperty("extensions").EnumerateArray().Select(extension => extension.GetString()));
        JsonElement model = await Server.GetAsync("/v2/models/census");
        string version = model.GetProperty("versions")[0].GetString()!;
        Assert.Equal(["dense", "sparse"], model.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("name").GetString()));
        Assert.Equal([-1, Dense], model.GetProperty("inputs")[0].GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32()));
        Assert.Equal("score", model.GetProperty("outputs")[0].GetProperty("name").GetString());
        Assert.True((await Server.GetAsync($"/v2/models/census/versions/{version}/ready")).GetProperty("ready").GetBoolean());
        Assert.False((await Server.GetAsync("/v2/models/census/versions/9/ready")).GetProperty("ready").GetBoolean());
        (HttpStatusCode status, _) = await Server.PostAsync($"/v2/models/census/versions/{version}/infer", Request().ToJsonString());
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("in no other", await Server.RefusedAsync("/v2/models/census/versions/9/infer", "{}", HttpStatusCode.NotFound), StringComparison.Ordinal);
    }

    private async Task RefusedAsync(byte[] body, string length, string reason)
    {
        (HttpStatusCode status, JsonElement answer) = await Server.PostAsync(Path, body, ("Inference-Header-Content-Length", length));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, answer.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    private static float[] Scores(JsonElement body) =>
        [.. body.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(score => score.GetSingle())];

    private static JsonObject Tensor(string name, string type, int[] shape, IEnumerable<JsonNode?> data) => new()
    {
        ["name"] = name,
        ["datatype"] = type,
        ["shape"] = new JsonArray([.. shape.Select(extent => JsonValue.Create(extent))]),
        ["data"] = new JsonArray([.. data]),
    };

    private JsonObject Request() => new()
    {
        ["inputs"] = new JsonArray(
            Tensor("dense", "FP32", [Rows, Dense], _rows.Dense.ToArray().Select(value => JsonValue.Create(value))),
            Tensor("sparse", "INT64", [Rows, Tables], Sparse().Select(value => JsonValue.Create(value)))),
    };

    private long[] Sparse()
    {
        long[] sparse = new long[Rows * Tables];
        for (int row = 0; row < Rows; row++)
        {
            for (int table = 0; table < Tables; table++)
            {
                sparse[(row * Tables) + table] = _rows.Indices(table)[row];
            }
        }

        return sparse;
    }

    private (byte[] Body, string Length) Binary(bool askedOfAll)
    {
        byte[] dense = MemoryMarshal.AsBytes(_rows.Dense).ToArray();
        byte[] sparse = MemoryMarshal.AsBytes<long>(Sparse()).ToArray();
        string asked = askedOfAll
            ? "\"parameters\": {\"binary_data_output\": true}"
            : "\"outputs\": [{\"name\": \"score\", \"parameters\": {\"binary_data\": true}}]";
        byte[] json = Encoding.UTF8.GetBytes(
            $$$"""
            {"inputs": [{"name": "dense", "datatype": "FP32", "shape": [{{{Rows}}}, {{{Dense}}}], "parameters": {"binary_data_size": {{{dense.Length}}}}},
            {"name": "sparse", "datatype": "INT64", "shape": [{{{Rows}}}, {{{Tables}}}], "parameters": {"binary_data_size": {{{sparse.Length}}}}}], {{{asked}}}}
            """);
        return ([.. json, .. dense, .. sparse], json.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }
}
