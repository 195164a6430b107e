using Dlrm.Serving.Http;
using Dlrm.Serving.Metrics;
using Dlrm.Serving.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dlrm.Serving;

/// <summary>Models inside an ASP.NET application: <c>services.AddDlrm(path)</c>, then <c>app.MapDlrm()</c> or a <see cref="DlrmScoring"/>.</summary>
public static class DlrmServiceExtensions
{
    /// <summary>Adds one model, which is loaded when the application starts and reloaded when its folder changes.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="path">A model folder, a run's folder, or a folder of versions.</param>
    public static IServiceCollection AddDlrm(this IServiceCollection services, string path) =>
        services.AddDlrm(new ServingOptions { Model = path });

    /// <summary>Adds models.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="options">Which, and how requests share them.</param>
    /// <exception cref="ArgumentException">The options contradict one another.</exception>
    public static IServiceCollection AddDlrm(this IServiceCollection services, ServingOptions options)
    {
        options.Validate();
        services.AddRouting();
        services.AddSingleton(options);
        services.AddSingleton<ModelCatalog>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelCatalog>());
        services.AddSingleton<Readiness>();
        services.AddSingleton<RequestMetrics>();
        services.AddSingleton<Guard>();
        services.AddSingleton<MetadataEndpoints>();
        services.AddSingleton<InferEndpoint>();
        services.AddSingleton<ScoreEndpoint>();
        services.AddSingleton<RankEndpoint>();
        services.AddSingleton<ExplainEndpoint>();
        services.AddSingleton<MetricsEndpoint>();
        services.AddSingleton<PageEndpoints>();
        services.AddSingleton(provider => new DlrmScoring(provider.GetRequiredService<ModelCatalog>()));
        return services;
    }

    /// <summary>Maps the endpoints of <c>dlrm serve</c>, gRPC aside.</summary>
    /// <param name="routes">The application.</param>
    public static IEndpointRouteBuilder MapDlrm(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        Guard guard = services.GetRequiredService<Guard>();
        MapProtocol(routes, services, guard);
        MapRows(routes, services, guard);
        PageEndpoints page = services.GetRequiredService<PageEndpoints>();
        Map(routes, guard, HttpMethods.Get, "/metrics", "metrics", services.GetRequiredService<MetricsEndpoint>().AnswerAsync);
        Map(routes, guard, HttpMethods.Get, "/openapi.json", "openapi", PageEndpoints.OpenApiAsync);
        Map(routes, guard, HttpMethods.Get, "/", "page", PageEndpoints.PageAsync);
        Map(routes, guard, HttpMethods.Get, "/v1/models", "models", page.ModelsAsync);
        Map(routes, guard, HttpMethods.Get, "/v1/models/{model}", "models", page.ModelAsync);
        return routes;
    }

    private static void MapProtocol(IEndpointRouteBuilder routes, IServiceProvider services, Guard guard)
    {
        MetadataEndpoints metadata = services.GetRequiredService<MetadataEndpoints>();
        InferEndpoint infer = services.GetRequiredService<InferEndpoint>();
        Map(routes, guard, HttpMethods.Get, "/v2", "metadata", MetadataEndpoints.ServerAsync);
        Map(routes, guard, HttpMethods.Get, "/v2/health/live", "health", MetadataEndpoints.LiveAsync);
        Map(routes, guard, HttpMethods.Get, "/v2/health/ready", "health", metadata.ReadyAsync);
        foreach (string model in (string[])["/v2/models/{model}", "/v2/models/{model}/versions/{version}"])
        {
            Map(routes, guard, HttpMethods.Get, model, "metadata", metadata.ModelAsync);
            Map(routes, guard, HttpMethods.Get, model + "/ready", "health", metadata.ModelReadyAsync);
            Map(routes, guard, HttpMethods.Post, model + "/infer", "infer", infer.AnswerAsync);
        }
    }

    private static void MapRows(IEndpointRouteBuilder routes, IServiceProvider services, Guard guard)
    {
        foreach (string root in (string[])["/v1", "/v1/models/{model}"])
        {
            Map(routes, guard, HttpMethods.Post, root + "/score", "score", services.GetRequiredService<ScoreEndpoint>().AnswerAsync);
            Map(routes, guard, HttpMethods.Post, root + "/rank", "rank", services.GetRequiredService<RankEndpoint>().AnswerAsync);
            Map(routes, guard, HttpMethods.Post, root + "/explain", "explain", services.GetRequiredService<ExplainEndpoint>().AnswerAsync);
        }
    }

    private static void Map(
        IEndpointRouteBuilder routes, Guard guard, string method, string path, string name, Func<HttpContext, ValueTask> answer) =>
        routes.MapMethods(path, [method], guard.Around(name, answer));
}
