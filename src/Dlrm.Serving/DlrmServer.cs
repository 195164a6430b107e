using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dlrm.Serving.Http;
using Dlrm.Serving.Models;
using Dlrm.Serving.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dlrm.Serving;

/// <summary>The server of <c>dlrm serve</c>: Kestrel, the endpoints, and what stands before them.</summary>
public static class DlrmServer
{
    /// <summary>Protects a PFX certificate; an environment variable, for it would show on a command line.</summary>
    public const string TlsPasswordVariable = "DLRM_TLS_PASSWORD";

    /// <summary>Prepares a server; starting it loads the models and listens.</summary>
    /// <param name="models">Which models.</param>
    /// <param name="server">Where, and for whom.</param>
    /// <exception cref="ArgumentException">The options contradict one another.</exception>
    /// <exception cref="IOException">A file that they name cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file that they name is not what it must be.</exception>
    public static WebApplication Build(ServingOptions models, ServerOptions server)
    {
        models.Validate();
        server.Validate();
        var gate = new Gatekeeper(
            server.ApiKeys is { } keys ? ApiKeys.Read(keys) : null,
            server.JwtKey is { } key ? JwtKeys.Read(key, server.JwtIssuer, server.JwtAudience) : null);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        if (!server.Silent)
        {
            AddLogging(builder.Logging, server);
        }

        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, server));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = server.DrainTime);
        builder.Services.AddDlrm(models);
        bool hasGrpc = server.Grpc.Count > 0 || server.TlsCertificate is not null;
        if (hasGrpc)
        {
            builder.Services.AddGrpc(options =>
            {
                options.MaxReceiveMessageSize = checked((int)server.MaxBodyBytes);
                options.EnableDetailedErrors = false;
                options.IgnoreUnknownServices = true; // a path without an endpoint is none of gRPC's
            });
        }

        if (server.RatePerSecond > 0)
        {
            builder.Services.AddRateLimiter(options => RateLimit.Configure(options, server.RatePerSecond));
        }

        // A page of another site that resolves its own name to this machine must not read answers.
        bool filterHosts = server is { IsLoopback: true, NeedsKeys: false };
        builder.Services.Configure<HostFilteringOptions>(options => options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);

        WebApplication app = builder.Build();
        if (filterHosts)
        {
            app.UseHostFiltering();
        }

        app.UseStatusCodePages(static context => JsonAnswer.SendErrorAsync(
            context.HttpContext,
            context.HttpContext.Response.StatusCode,
            context.HttpContext.Response.StatusCode == StatusCodes.Status405MethodNotAllowed
                ? $"This path takes {context.HttpContext.Response.Headers.Allow}."
                : "There is nothing at this path; /openapi.json tells what there is.").AsTask());
        app.Use(next => http => gate.RunAsync(http, next));
        if (server.RatePerSecond > 0)
        {
            app.UseRateLimiter();
        }

        app.UseRouting();
        app.MapDlrm();
        if (hasGrpc)
        {
            app.MapGrpcService<Grpc.GrpcInference>();
        }

        return app;
    }

    /// <summary>Serves until the process is asked to end (Ctrl-C, SIGTERM), then lets requests under way finish.</summary>
    /// <param name="app">Of <see cref="Build"/>.</param>
    /// <param name="started">Told the addresses once it listens.</param>
    /// <param name="stop">Ends it too.</param>
    public static async Task RunAsync(WebApplication app, Action<IEnumerable<string>>? started = null, CancellationToken stop = default)
    {
        try
        {
            await app.StartAsync(stop).ConfigureAwait(false);
            started?.Invoke(app.Urls);
            await app.WaitForShutdownAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            await app.Services.GetRequiredService<ModelCatalog>().EndAsync().ConfigureAwait(false);
            await app.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static void AddLogging(ILoggingBuilder logging, ServerOptions server)
    {
        logging.AddJsonConsole(options =>
        {
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Dlrm", server.LogRequests ? LogLevel.Debug : LogLevel.Information);
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // why it did not start is said by whoever started it
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error); // bad requests are the clients', and are counted
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions server)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = server.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = server.MaxConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, server.SlowBodyGrace);
        X509Certificate2? certificate = server.TlsCertificate is null ? null : ReadCertificate(server.TlsCertificate, server.TlsKey);
        foreach (string address in server.Listen)
        {
            Listen(kestrel, ServerOptions.Parse(address), certificate, certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2);
        }

        foreach (string address in server.Grpc)
        {
            Listen(kestrel, ServerOptions.Parse(address), certificate, HttpProtocols.Http2);
        }
    }

    private static void Listen(KestrelServerOptions kestrel, IPEndPoint address, X509Certificate2? certificate, HttpProtocols protocols) =>
        kestrel.Listen(address, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        });

    private static X509Certificate2 ReadCertificate(string certificate, string? key) =>
        certificate.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase) || certificate.EndsWith(".p12", StringComparison.OrdinalIgnoreCase)
            ? X509CertificateLoader.LoadPkcs12FromFile(certificate, Environment.GetEnvironmentVariable(TlsPasswordVariable))
            : X509Certificate2.CreateFromPemFile(certificate, key ?? certificate);
}
