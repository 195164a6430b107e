using Microsoft.Extensions.Hosting;

namespace Dlrm.Serving.Models;

/// <summary>Whether the server takes requests: from when every model can be used until it is asked to end.</summary>
/// <param name="catalog">The models.</param>
/// <param name="lifetime">Says when it is asked to end.</param>
internal sealed class Readiness(ModelCatalog catalog, IHostApplicationLifetime lifetime)
{
    /// <summary>False once the server was asked to end.</summary>
    public bool IsOpen => !lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>True when requests are welcome.</summary>
    public bool IsReady => IsOpen && catalog.IsReady;
}
