using System.Runtime.InteropServices;
using System.Text.Json;
using Dlrm.Data;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;
using Dlrm.Serving.Tensors;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary>
/// <c>POST /v1/rank</c>: one context and N candidates, raw values in JSON or tensors; the answer is the candidates' numbers and
/// scores, the highest first, of equal scores the first candidate first.
/// </summary>
/// <param name="catalog">The models.</param>
internal sealed class RankEndpoint(ModelCatalog catalog)
{
    /// <summary>Answers.</summary>
    public async ValueTask AnswerAsync(HttpContext http)
    {
        using CancellationTokenSource deadline = Deadline.Start(http, catalog.Options.Timeout);
        ModelVersion version = InferEndpoint.AcquireVersion(catalog, http);
        try
        {
            using RequestBody body = await RequestBody.ReadAsync(http, deadline.Token).ConfigureAwait(false);
            if (InferEndpoint.JsonLength(http) is { } length)
            {
                await RankTensorsAsync(http, version, body.Memory, length, deadline.Token).ConfigureAwait(false);
            }
            else
            {
                await RankRowsAsync(http, version, body.Memory, deadline.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            version.Release();
        }
    }

    private static async ValueTask RankRowsAsync(HttpContext http, ModelVersion version, ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        RowPool rows = ScoreEndpoint.RawRows(version);
        SharedContext shared = Encode(rows, body.Span, out RowBatch batch, out int? top);
        try
        {
            using PendingScore scored = await version.ScoreAsync(batch.Build(), shared, stop).ConfigureAwait(false);
            await SendAsync(http, version, scored, top).ConfigureAwait(false);
        }
        finally
        {
            rows.Return(batch);
        }
    }

    private async ValueTask RankTensorsAsync(
        HttpContext http, ModelVersion version, ReadOnlyMemory<byte> body, int jsonLength, CancellationToken stop)
    {
        var request = InferRequest.Read(body, jsonLength);
        Batch batch = version.Batches.Rent();
        try
        {
            SharedContext shared = new TensorRows(version.Config, request.Inputs).FillShared(batch, catalog.Options.MaxRows);
            using PendingScore scored = await version.ScoreAsync(batch, shared, stop).ConfigureAwait(false);
            await SendAsync(http, version, scored, top: null).ConfigureAwait(false);
        }
        finally
        {
            version.Batches.Return(batch);
        }
    }

    private static SharedContext Encode(RowPool rows, ReadOnlySpan<byte> json, out RowBatch batch, out int? top)
    {
        var request = RankRequest.Read(json);
        top = request.Top;
        return request.Encode(rows, out batch);
    }

    private static ValueTask SendAsync(HttpContext http, ModelVersion version, PendingScore scored, int? top)
    {
        int[] order = new int[scored.Count];
        for (int candidate = 0; candidate < order.Length; candidate++)
        {
            order[candidate] = candidate;
        }

        order.AsSpan().Sort(new HighestFirst(scored));
        int count = Math.Min(top ?? order.Length, order.Length);
        if (http.Request.Headers.Accept == "application/octet-stream")
        {
            return SendBytesAsync(http, scored, order.AsSpan(0, count));
        }

        return JsonAnswer.SendAsync(
            http,
            StatusCodes.Status200OK,
            (version, scored, order, count),
            static (Utf8JsonWriter writer, in (ModelVersion Version, PendingScore Scored, int[] Order, int Count) state) =>
            {
                writer.WriteStartObject();
                writer.WriteString("model"u8, state.Version.Name);
                writer.WriteString("version"u8, state.Version.Version);
                writer.WriteStartArray("order"u8);
                for (int place = 0; place < state.Count; place++)
                {
                    writer.WriteNumberValue(state.Order[place]);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("scores"u8);
                for (int place = 0; place < state.Count; place++)
                {
                    writer.WriteNumberValue(state.Scored.Scores[state.Order[place]]);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            });
    }

    /// <summary>N candidates' numbers (INT32), then their scores (FP32), little-endian.</summary>
    private static ValueTask SendBytesAsync(HttpContext http, PendingScore scored, ReadOnlySpan<int> order)
    {
        byte[] bytes = new byte[(sizeof(int) + sizeof(float)) * order.Length];
        MemoryMarshal.AsBytes(order).CopyTo(bytes);
        Span<float> scores = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(sizeof(int) * order.Length));
        for (int place = 0; place < order.Length; place++)
        {
            scores[place] = scored.Scores[order[place]];
        }

        http.Response.ContentType = "application/octet-stream";
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    private readonly struct HighestFirst(PendingScore scored) : IComparer<int>
    {
        public int Compare(int x, int y)
        {
            int byScore = scored.Scores[y].CompareTo(scored.Scores[x]);
            return byScore != 0 ? byScore : x.CompareTo(y);
        }
    }
}
