using System.Buffers;
using System.Text.Json;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>
/// <c>POST /v1/explain</c>: a row's score, and what it would be without each of the fields that the row has: score − score
/// without the field. Fields act together, so these differences need not add up to anything.
/// </summary>
/// <param name="catalog">The models.</param>
internal sealed class ExplainEndpoint(ModelCatalog catalog)
{
    /// <summary>A row is written once for each of its fields, so a long one would become a very long text.</summary>
    private const int LongestRow = 1 << 16;

    /// <summary>Answers.</summary>
    public async ValueTask AnswerAsync(HttpContext http)
    {
        using CancellationTokenSource deadline = Deadline.Start(http, catalog.Options.Timeout);
        ModelVersion version = InferEndpoint.AcquireVersion(catalog, http);
        try
        {
            RowPool rows = ScoreEndpoint.RawRows(version);
            List<string> fields;
            RowBatch batch;
            using (RequestBody body = await RequestBody.ReadAsync(http, deadline.Token).ConfigureAwait(false))
            {
                byte[] variants = WithoutEach(body.Memory, rows.Encoder, out fields);
                rows.Read(variants, out batch);
            }

            try
            {
                using PendingScore scored = await version.ScoreAsync(batch.Build(), shared: null, deadline.Token).ConfigureAwait(false);
                await JsonAnswer.SendAsync(
                    http,
                    StatusCodes.Status200OK,
                    (version, scored, fields),
                    static (Utf8JsonWriter writer, in (ModelVersion Version, PendingScore Scored, List<string> Fields) state) =>
                        Write(writer, state.Version, state.Scored.Scores, state.Fields)).ConfigureAwait(false);
            }
            finally
            {
                rows.Return(batch);
            }
        }
        finally
        {
            version.Release();
        }
    }

    /// <summary>The row, then the row without each of its fields, as a JSON array.</summary>
    private static byte[] WithoutEach(ReadOnlyMemory<byte> json, RowEncoder encoder, out List<string> fields)
    {
        if (json.Length > LongestRow)
        {
            throw new RequestException(StatusCodes.Status413PayloadTooLarge, $"A row to explain has {LongestRow} bytes at most.");
        }

        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw RequestException.Bad("Expected a JSON object of raw values by name: one row.");
        }

        fields = [.. document.RootElement.EnumerateObject().Select(property => property.Name).Distinct(StringComparer.Ordinal)];
        if (fields.Find(name => encoder.FieldOf(name) < 0) is { } stranger)
        {
            throw RequestException.Bad($"'{stranger}' is no raw field of the model.");
        }

        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartArray();
            document.RootElement.WriteTo(writer);
            foreach (string left in fields)
            {
                writer.WriteStartObject();
                foreach (JsonProperty property in document.RootElement.EnumerateObject())
                {
                    if (property.Name != left)
                    {
                        property.WriteTo(writer);
                    }
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return text.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, ModelVersion version, ReadOnlySpan<float> scores, List<string> fields)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, version.Name);
        writer.WriteString("version"u8, version.Version);
        writer.WriteNumber("score"u8, scores[0]);
        writer.WriteStartObject("moved_by"u8);
        for (int field = 0; field < fields.Count; field++)
        {
            writer.WriteNumber(fields[field], scores[0] - scores[field + 1]);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
