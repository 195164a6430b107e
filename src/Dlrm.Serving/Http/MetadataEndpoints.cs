using System.Reflection;
using System.Text.Json;
using Dlrm.Serving.Models;
using Dlrm.Serving.Tensors;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>Health and metadata of the Open Inference Protocol.</summary>
/// <param name="catalog">The models.</param>
/// <param name="readiness">Whether the server takes requests.</param>
internal sealed class MetadataEndpoints(ModelCatalog catalog, Readiness readiness)
{
    /// <summary>The server's name in metadata.</summary>
    public const string ServerName = "dlrm.net";

    /// <summary>The platform in a model's metadata.</summary>
    public const string Platform = "dlrm";

    /// <summary>Extensions of the protocol that the server knows.</summary>
    public static readonly string[] Extensions = ["binary_tensor_data"];

    /// <summary>The server's version.</summary>
    public static string ServerVersion { get; } =
        typeof(MetadataEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary><c>GET /v2/health/live</c>.</summary>
    public static ValueTask LiveAsync(HttpContext http) => FlagAsync(http, "live", true);

    /// <summary><c>GET /v2/health/ready</c>: 503 while models are loading, and as soon as the server is asked to end.</summary>
    public ValueTask ReadyAsync(HttpContext http) => FlagAsync(http, "ready", readiness.IsReady);

    /// <summary><c>GET /v2</c>.</summary>
    public static ValueTask ServerAsync(HttpContext http) =>
        JsonAnswer.SendAsync(http, StatusCodes.Status200OK, 0, static (Utf8JsonWriter writer, in int _) =>
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, ServerName);
            writer.WriteString("version"u8, ServerVersion);
            WriteTexts(writer, "extensions", Extensions);
            writer.WriteEndObject();
        });

    /// <summary><c>GET /v2/models/NAME/ready</c>.</summary>
    public async ValueTask ModelReadyAsync(HttpContext http)
    {
        ServedModel model = catalog.Find((string?)http.Request.RouteValues["model"]);
        string? version = (string?)http.Request.RouteValues["version"];
        bool ready = readiness.IsOpen && model.Current is { } current && (version is null || version == current.Version);
        await JsonAnswer.SendAsync(
            http,
            ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
            (model.Name, ready),
            static (Utf8JsonWriter writer, in (string Name, bool Ready) state) =>
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, state.Name);
                writer.WriteBoolean("ready"u8, state.Ready);
                writer.WriteEndObject();
            }).ConfigureAwait(false);
    }

    /// <summary><c>GET /v2/models/NAME</c>.</summary>
    public async ValueTask ModelAsync(HttpContext http)
    {
        ModelVersion version = InferEndpoint.AcquireVersion(catalog, http);
        try
        {
            await JsonAnswer.SendAsync(
                http, StatusCodes.Status200OK, version, static (Utf8JsonWriter writer, in ModelVersion model) => Write(writer, model)).ConfigureAwait(false);
        }
        finally
        {
            version.Release();
        }
    }

    private static void Write(Utf8JsonWriter writer, ModelVersion model)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, model.Name);
        WriteTexts(writer, "versions", [model.Version]);
        writer.WriteString("platform"u8, Platform);
        writer.WriteStartArray("inputs"u8);
        foreach ((string name, string type, long[] shape) in TensorNames.Inputs(model.Config))
        {
            WriteTensor(writer, name, type, shape);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("outputs"u8);
        WriteTensor(writer, TensorNames.Score, "FP32", [-1]);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteTensor(Utf8JsonWriter writer, string name, string type, long[] shape)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WriteString("datatype"u8, type);
        writer.WriteStartArray("shape"u8);
        foreach (long extent in shape)
        {
            writer.WriteNumberValue(extent);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, string[] texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static ValueTask FlagAsync(HttpContext http, string name, bool value) => JsonAnswer.SendAsync(
        http,
        value ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
        (name, value),
        static (Utf8JsonWriter writer, in (string Name, bool Value) state) =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean(state.Name, state.Value);
            writer.WriteEndObject();
        });
}
