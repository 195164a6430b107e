using System.Text.Json;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>
/// <c>POST /v1/score</c>: raw values by name, one row or an array of rows; the answer is a score, or as many in the same order.
/// </summary>
/// <param name="catalog">The models.</param>
internal sealed class ScoreEndpoint(ModelCatalog catalog)
{
    /// <summary>Answers.</summary>
    public async ValueTask AnswerAsync(HttpContext http)
    {
        using CancellationTokenSource deadline = Deadline.Start(http, catalog.Options.Timeout);
        ModelVersion version = catalog.Find((string?)http.Request.RouteValues["model"]).Acquire();
        try
        {
            RowPool rows = RawRows(version);
            bool isArray;
            RowBatch batch;
            using (RequestBody body = await RequestBody.ReadAsync(http, deadline.Token).ConfigureAwait(false))
            {
                isArray = rows.Read(body.Span, out batch);
            }

            try
            {
                using PendingScore scored = await version.ScoreAsync(batch.Build(), shared: null, deadline.Token).ConfigureAwait(false);
                await JsonAnswer.SendAsync(
                    http,
                    StatusCodes.Status200OK,
                    new Answer(version, scored, isArray),
                    static (Utf8JsonWriter writer, in Answer answer) => Write(writer, answer)).ConfigureAwait(false);
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

    /// <summary>How a version takes raw rows.</summary>
    /// <exception cref="RequestException">It does not.</exception>
    public static RowPool RawRows(ModelVersion version) => version.Rows ?? throw new RequestException(
        StatusCodes.Status422UnprocessableEntity,
        $"Model '{version.Name}' was trained on data without raw values (drawn at random, or encoded elsewhere): send tensors to "
        + $"/v2/models/{version.Name}/infer.");

    private static void Write(Utf8JsonWriter writer, in Answer answer)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, answer.Version.Name);
        writer.WriteString("version"u8, answer.Version.Version);
        if (answer.IsArray)
        {
            writer.WriteStartArray("scores"u8);
            foreach (float score in answer.Scored.Scores)
            {
                writer.WriteNumberValue(score);
            }

            writer.WriteEndArray();
        }
        else
        {
            writer.WriteNumber("score"u8, answer.Scored.Scores[0]);
        }

        writer.WriteEndObject();
    }

    private readonly record struct Answer(ModelVersion Version, PendingScore Scored, bool IsArray);
}
