using System.Net;
using System.Text.Json;
using Dlrm.Serving.Models;
using Xunit;

namespace Dlrm.Serving.Tests.Models;

public sealed class ReloadTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_new_version_takes_over_and_the_old_one_ends()
    {
        SampleModel.Save(_scratch["m/1"], seed: 1);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"]);
        ModelVersion old = server.Catalog.Models[0].Current!;
        Assert.Equal("1", old.Version);
        SampleModel.Save(_scratch["m/2"], seed: 2);
        server.Catalog.Refresh();
        (_, JsonElement body) = await server.PostAsync("/v1/score", SampleModel.RowsArray);
        Assert.Equal("2", body.GetProperty("version").GetString());
        Assert.Equal(SampleModel.Predict(_scratch["m/2"], SampleModel.RowsArray), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
        await old.Ended.WaitAsync(TestServer.Stop);
    }

    [Fact]
    public async Task A_version_that_does_not_give_its_recorded_scores_changes_nothing()
    {
        SampleModel.Save(_scratch["m/1"], seed: 1);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"]);
        SampleModel.Save(_scratch["m/2"], seed: 2, spoil: true);
        server.Catalog.Refresh();
        server.Catalog.Refresh();
        ServedModel model = server.Catalog.Models[0];
        Assert.Equal("1", model.Current!.Version);
        Assert.Equal(1, model.Failures);
        SampleModel.Save(_scratch["m/2"], seed: 2);
        server.Catalog.Refresh();
        Assert.Equal("2", model.Current!.Version);
    }

    [Fact]
    public async Task A_damaged_version_changes_nothing()
    {
        SampleModel.Save(_scratch["m/1"], seed: 1);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"]);
        SampleModel.Save(_scratch["m/2"], seed: 2);
        string tensors = _scratch["m/2/model.safetensors"];
        byte[] bytes = File.ReadAllBytes(tensors);
        bytes[^1] ^= 1;
        File.WriteAllBytes(tensors, bytes);
        server.Catalog.Refresh();
        Assert.Equal("1", server.Catalog.Models[0].Current!.Version);
    }

    [Fact]
    public async Task At_the_start_the_newest_version_that_can_be_used_answers()
    {
        SampleModel.Save(_scratch["all/m/9"], seed: 1);
        SampleModel.Save(_scratch["all/m/10"], seed: 2, spoil: true);
        Directory.CreateDirectory(_scratch["all/m/11"]);
        await using TestServer server = await TestServer.StartAsync(new ServingOptions { Models = _scratch["all"] });
        Assert.Equal("9", server.Catalog.Models[0].Current!.Version);
        Assert.True((await server.GetAsync("/v2/health/ready")).GetProperty("ready").GetBoolean());
    }

    [Fact]
    public async Task A_version_that_is_taken_away_gives_its_place_to_the_one_before()
    {
        SampleModel.Save(_scratch["m/1"], seed: 1);
        SampleModel.Save(_scratch["m/2"], seed: 2);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"]);
        Assert.Equal("2", server.Catalog.Models[0].Current!.Version);
        Directory.Delete(_scratch["m/2"], recursive: true);
        server.Catalog.Refresh();
        Assert.Equal("1", server.Catalog.Models[0].Current!.Version);
    }

    [Fact]
    public async Task A_folder_saved_again_is_loaded_again()
    {
        SampleModel.Save(_scratch["m"], seed: 1);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"]);
        string before = server.Catalog.Models[0].Current!.Version;
        SampleModel.Save(_scratch["m"], seed: 2);
        server.Catalog.Refresh();
        Assert.NotEqual(before, server.Catalog.Models[0].Current!.Version);
        (_, JsonElement body) = await server.PostAsync("/v1/score", SampleModel.RowsArray);
        Assert.Equal(SampleModel.Predict(_scratch["m"], SampleModel.RowsArray), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
    }

    [Fact]
    public async Task Under_load_no_request_is_lost_and_every_answer_is_of_the_version_it_names()
    {
        var expected = new Dictionary<string, float[]>();
        for (int version = 1; version <= 4; version++)
        {
            SampleModel.Save(_scratch[$"later/{version}"], seed: version);
            expected[$"{version}"] = SampleModel.Predict(_scratch[$"later/{version}"], SampleModel.RowsArray);
        }

        Directory.CreateDirectory(_scratch["m"]);
        Directory.Move(_scratch["later/1"], _scratch["m/1"]);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"], options: new ServingOptions { Engines = 2 });
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        bool ending = false;
        Task[] clients = [.. Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref ending))
            {
                (HttpStatusCode status, JsonElement body) = await server.PostAsync("/v1/score", SampleModel.RowsArray);
                Assert.Equal(HttpStatusCode.OK, status);
                string version = body.GetProperty("version").GetString()!;
                Assert.Equal(expected[version], body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
                seen.AddOrUpdate(version, 1, (_, count) => count + 1);
            }
        }))];
        List<Task> ended = [];
        for (int version = 2; version <= 4; version++)
        {
            ended.Add(server.Catalog.Models[0].Current!.Ended);
            Directory.Move(_scratch[$"later/{version}"], _scratch[$"m/{version}"]);
            server.Catalog.Refresh();
            while (!seen.ContainsKey($"{version}") && !clients.Any(client => client.IsFaulted))
            {
                await Task.Yield();
            }
        }

        Volatile.Write(ref ending, true);
        await Task.WhenAll(clients);
        await Task.WhenAll(ended).WaitAsync(TestServer.Stop);
        Assert.Equal(["2", "3", "4"], seen.Keys.Where(version => version != "1").Order());
    }

    [Fact]
    public async Task Several_models_are_served_and_one_whose_folder_goes_is_not()
    {
        SampleModel.Save(_scratch["all/a"], seed: 1);
        SampleModel.Save(_scratch["all/b/1"], seed: 2);
        Directory.CreateDirectory(_scratch["all/.hidden"]);
        await using TestServer server = await TestServer.StartAsync(new ServingOptions { Models = _scratch["all"] });
        Assert.Equal(["a", "b"], server.Catalog.Models.Select(model => model.Name));
        Assert.Contains("Name a model", await server.RefusedAsync("/v1/score", "{}", HttpStatusCode.NotFound), StringComparison.Ordinal);
        (_, JsonElement body) = await server.PostAsync("/v1/models/b/score", SampleModel.RowsArray);
        Assert.Equal(SampleModel.Predict(_scratch["all/b/1"], SampleModel.RowsArray), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
        Directory.Delete(_scratch["all/b"], recursive: true);
        server.Catalog.Refresh();
        Assert.Equal(["a"], server.Catalog.Models.Select(model => model.Name));
        (HttpStatusCode status, _) = await server.PostAsync("/v1/score", "{}");
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public async Task Quantized_models_are_served_from_mapped_files(int bits)
    {
        SampleModel.Save(_scratch["m"], bits: bits);
        await using TestServer server = await TestServer.StartAsync(_scratch["m"]);
        (_, JsonElement body) = await server.PostAsync("/v1/score", SampleModel.RowsArray);
        Assert.Equal(SampleModel.Predict(_scratch["m"], SampleModel.RowsArray), body.GetProperty("scores").EnumerateArray().Select(score => score.GetSingle()));
    }
}
