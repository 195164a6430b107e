using System.Net;
using System.Text;
using System.Text.Json;
using Dlrm.Serving.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dlrm.Serving.Tests;

/// <summary>A server in this process on free ports of 127.0.0.1, and a client of it. It looks for new versions when asked to.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string[] _addresses;

    private TestServer(WebApplication app, string[] addresses)
    {
        _app = app;
        _addresses = addresses;
        Client = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true })
        {
            BaseAddress = new Uri(addresses[0]),
        };
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public HttpClient Client { get; }

    public int Port => new Uri(_addresses[0]).Port;

    public string GrpcAddress => _addresses[1];

    public ModelCatalog Catalog => _app.Services.GetRequiredService<ModelCatalog>();

    public IServiceProvider Services => _app.Services;

    public static Task<TestServer> StartAsync(string model, ServerOptions? server = null, ServingOptions? options = null) =>
        StartAsync((options ?? new ServingOptions()) with { Model = model }, server);

    public static async Task<TestServer> StartAsync(ServingOptions options, ServerOptions? server = null)
    {
        server = (server ?? new ServerOptions()) with { Listen = ["127.0.0.1:0"], Grpc = ["127.0.0.1:0"], Silent = true, DrainTime = TimeSpan.FromSeconds(5) };
        WebApplication app = DlrmServer.Build(options with { PollInterval = TimeSpan.Zero, Engines = options.Engines == 0 ? 1 : options.Engines }, server);
        await app.StartAsync(Stop);
        return new TestServer(app, [.. app.Urls]);
    }

    public Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string json, params (string Name, string Value)[] headers) =>
        PostAsync(path, Encoding.UTF8.GetBytes(json), headers);

    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage answer = await SendAsync(path, body, headers);
        byte[] text = await answer.Content.ReadAsByteArrayAsync(Stop);
        return (answer.StatusCode, JsonDocument.Parse(text).RootElement);
    }

    public async Task<HttpResponseMessage> SendAsync(string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request, Stop);
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage answer = await Client.GetAsync(path, Stop);
        return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Stop)).RootElement;
    }

    /// <summary>Posts what must be refused, and says why it was.</summary>
    public async Task<string> RefusedAsync(string path, string json, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        (HttpStatusCode got, JsonElement body) = await PostAsync(path, json);
        Assert.Equal(status, got);
        return body.GetProperty("error").GetString()!;
    }

    public Readiness Readiness => _app.Services.GetRequiredService<Readiness>();

    /// <summary>Asks the server to end, as SIGTERM does.</summary>
    public Task StopAsync() => _app.StopAsync(Stop);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await Catalog.EndAsync();
        await _app.DisposeAsync();
    }
}
