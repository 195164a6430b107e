using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using Xunit;

namespace Dlrm.Serving.Tests.Page;

public sealed partial class OpenApiTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    [Fact]
    public async Task The_document_is_valid_and_has_every_endpoint()
    {
        string text = await census.Server.Client.GetStringAsync("/openapi.json", TestServer.Stop);
        ReadResult read = OpenApiDocument.Parse(text, "json");
        Assert.Empty(read.Diagnostic!.Errors);
        IEnumerable<string> documented = read.Document!.Paths.SelectMany(path =>
            path.Value.Operations!.Select(operation => $"{operation.Key.Method} {path.Key}"));
        Assert.Equal(Mapped().Except(["GET /", "GET /openapi.json"]).Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Another_method_is_told_which_to_use()
    {
        using HttpResponseMessage answer = await census.Server.Client.GetAsync("/v1/score", TestServer.Stop);
        Assert.Equal(System.Net.HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Contains("This path takes POST.", await answer.Content.ReadAsStringAsync(TestServer.Stop), StringComparison.Ordinal);
    }

    private IEnumerable<string> Mapped() =>
        census.Server.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => !endpoint.RoutePattern.RawText!.Contains("GRPCInferenceService", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                .Select(method => $"{method} {Constraint().Replace(endpoint.RoutePattern.RawText!, "}")}"))
            .Distinct(StringComparer.Ordinal);

    [GeneratedRegex(":[^}]*}")]
    private static partial Regex Constraint();
}
