using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dlrm.Data;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;
using Dlrm.Serving.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Dlrm.Serving.Http;

/// <summary><c>POST /v2/models/NAME/infer</c> of the Open Inference Protocol, with its binary extension.</summary>
/// <param name="catalog">The models.</param>
internal sealed class InferEndpoint(ModelCatalog catalog)
{
    /// <summary>Bytes of the JSON before the binary tensors, in requests and answers.</summary>
    public const string HeaderLength = "Inference-Header-Content-Length";

    /// <summary>Answers.</summary>
    public async ValueTask AnswerAsync(HttpContext http)
    {
        using CancellationTokenSource deadline = Deadline.Start(http, catalog.Options.Timeout);
        ModelVersion version = AcquireVersion(catalog, http);
        try
        {
            Batch batch = version.Batches.Rent();
            try
            {
                string? id;
                bool binary;
                using (RequestBody body = await RequestBody.ReadAsync(http, deadline.Token).ConfigureAwait(false))
                {
                    var request = InferRequest.Read(body.Memory, JsonLength(http));
                    new TensorRows(version.Config, request.Inputs).Fill(batch, catalog.Options.MaxRows);
                    (id, binary) = (request.Id, request.BinaryOutput);
                }

                using PendingScore scored = await version.ScoreAsync(batch, shared: null, deadline.Token).ConfigureAwait(false);
                await SendAsync(http, new Answer(version, scored, id, binary)).ConfigureAwait(false);
            }
            finally
            {
                version.Batches.Return(batch);
            }
        }
        finally
        {
            version.Release();
        }
    }

    /// <summary>A lease on the model, and the version if there is one, that a path names.</summary>
    /// <exception cref="RequestException">Another version answers.</exception>
    public static ModelVersion AcquireVersion(ModelCatalog catalog, HttpContext http) =>
        Acquire(catalog, (string?)http.Request.RouteValues["model"], (string?)http.Request.RouteValues["version"]);

    /// <summary>A lease on a model's version.</summary>
    /// <param name="catalog">The models.</param>
    /// <param name="name">Null for the only one.</param>
    /// <param name="version">Null or empty for whichever answers.</param>
    /// <exception cref="RequestException">Another version answers.</exception>
    public static ModelVersion Acquire(ModelCatalog catalog, string? name, string? version)
    {
        ModelVersion current = catalog.Find(name).Acquire();
        if (string.IsNullOrEmpty(version) || version == current.Version)
        {
            return current;
        }

        string other = current.Version;
        current.Release();
        throw RequestException.NotFound($"Model '{name}' is served in version {other}, and in no other.");
    }

    /// <summary>What the header says of where the JSON ends; null without one.</summary>
    public static int? JsonLength(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue(HeaderLength, out StringValues text))
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            ? length
            : throw RequestException.Bad($"{HeaderLength} is a whole number of bytes.");
    }

    private static ValueTask SendAsync(HttpContext http, in Answer answer)
    {
        if (!answer.Binary)
        {
            return JsonAnswer.SendAsync(http, StatusCodes.Status200OK, answer, static (Utf8JsonWriter writer, in Answer given) => Write(writer, given));
        }

        return JsonAnswer.SendBinaryAsync(
            http, answer, static (Utf8JsonWriter writer, in Answer given) => Write(writer, given), MemoryMarshal.AsBytes(answer.Scored.Scores));
    }

    private static void Write(Utf8JsonWriter writer, in Answer answer)
    {
        writer.WriteStartObject();
        writer.WriteString("model_name"u8, answer.Version.Name);
        writer.WriteString("model_version"u8, answer.Version.Version);
        if (answer.Id is not null)
        {
            writer.WriteString("id"u8, answer.Id);
        }

        writer.WriteStartArray("outputs"u8);
        writer.WriteStartObject();
        writer.WriteString("name"u8, TensorNames.Score);
        writer.WriteString("datatype"u8, "FP32"u8);
        writer.WriteStartArray("shape"u8);
        writer.WriteNumberValue(answer.Scored.Count);
        writer.WriteEndArray();
        if (answer.Binary)
        {
            writer.WriteStartObject("parameters"u8);
            writer.WriteNumber("binary_data_size"u8, sizeof(float) * answer.Scored.Count);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStartArray("data"u8);
            foreach (float score in answer.Scored.Scores)
            {
                writer.WriteNumberValue(score);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private readonly record struct Answer(ModelVersion Version, PendingScore Scored, string? Id, bool Binary);
}
