using Xunit;

namespace Dlrm.Serving.Tests;

/// <summary>One model and one server for the tests of a class that change neither.</summary>
public sealed class ServedCensus : IAsyncLifetime
{
    private readonly ScratchFolder _scratch = new();

    /// <summary>The model's folder.</summary>
    public string Model => _scratch["census"];

    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        SampleModel.Save(Model);
        Server = await TestServer.StartAsync(Model);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _scratch.Dispose();
    }
}
