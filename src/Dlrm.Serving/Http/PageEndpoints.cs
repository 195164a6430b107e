using System.Text.Json;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Metrics;
using Dlrm.Serving.Models;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>The page at <c>/</c>, the OpenAPI document, and what the page asks for: models, their fields, how requests went.</summary>
/// <param name="catalog">The models.</param>
/// <param name="requests">Requests by endpoint.</param>
internal sealed class PageEndpoints(ModelCatalog catalog, RequestMetrics requests)
{
    private static readonly byte[] Page = Resource("page.html");
    private static readonly byte[] OpenApi = Resource("openapi.json");

    /// <summary><c>GET /</c>.</summary>
    public static ValueTask PageAsync(HttpContext http)
    {
        // Everything the page needs is in it: nothing from elsewhere is loaded, whatever a field's name says.
        http.Response.Headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return SendAsync(http, "text/html; charset=utf-8", Page);
    }

    /// <summary><c>GET /openapi.json</c>.</summary>
    public static ValueTask OpenApiAsync(HttpContext http) => SendAsync(http, "application/json", OpenApi);

    /// <summary><c>GET /v1/models</c>.</summary>
    public ValueTask ModelsAsync(HttpContext http) => JsonAnswer.SendAsync(
        http, StatusCodes.Status200OK, catalog.Models, static (Utf8JsonWriter writer, in IReadOnlyList<ServedModel> models) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("models"u8);
            foreach (ServedModel model in models)
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, model.Name);
                writer.WriteString("version"u8, model.Current?.Version);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    /// <summary><c>GET /v1/models/NAME</c>: fields, a real row, and how requests went so far.</summary>
    public async ValueTask ModelAsync(HttpContext http)
    {
        ModelVersion version = InferEndpoint.AcquireVersion(catalog, http);
        try
        {
            await JsonAnswer.SendAsync(
                http,
                StatusCodes.Status200OK,
                (version, requests),
                static (Utf8JsonWriter writer, in (ModelVersion Version, RequestMetrics Requests) state) =>
                    Write(writer, state.Version, state.Requests)).ConfigureAwait(false);
        }
        finally
        {
            version.Release();
        }
    }

    private static void Write(Utf8JsonWriter writer, ModelVersion version, RequestMetrics requests)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, version.Name);
        writer.WriteString("version"u8, version.Version);
        writer.WriteNumber("parameters"u8, version.Config.ParameterCount);
        writer.WriteNumber("bytes"u8, version.Config.ParameterBytes);
        writer.WriteString("precision"u8, version.Config.Precision.ToString());
        writer.WriteStartArray("fields"u8);
        foreach (RawField field in version.Encoder?.Fields ?? [])
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, field.Name);
            writer.WriteString("kind"u8, field.Kind switch
            {
                RawFieldKind.Number => "number",
                RawFieldKind.Bag => "bag",
                _ => "category",
            });
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (version.Sample is { } sample)
        {
            writer.WritePropertyName("sample"u8);
            writer.WriteRawValue(sample);
        }

        Histogram seconds = requests.Seconds("score");
        writer.WriteStartObject("score_requests"u8);
        writer.WriteNumber("count"u8, seconds.Count);
        writer.WriteNumber("p50_seconds"u8, seconds.Quantile(0.5));
        writer.WriteNumber("p99_seconds"u8, seconds.Quantile(0.99));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static ValueTask SendAsync(HttpContext http, string type, byte[] body)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        return http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
