using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.OnnxRuntime;

namespace Dlrm.LoadTest;

/// <summary>The peer: ONNX Runtime behind the same Kestrel, taking the same requests; one thread a request, no batching.</summary>
internal static class OnnxServer
{
    public static async Task RunAsync(string model, int port)
    {
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        using var session = new InferenceSession(model, options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        app.UseRouting();
        app.MapPost("/v2/models/{model}/infer", (HttpContext http) => AnswerAsync(http, session));
        await app.RunAsync().ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext http, InferenceSession session)
    {
        byte[] body = new byte[(int)http.Request.ContentLength!];
        await http.Request.Body.ReadExactlyAsync(body).ConfigureAwait(false);
        int json = int.Parse(http.Request.Headers["Inference-Header-Content-Length"]!, CultureInfo.InvariantCulture);
        using var request = JsonDocument.Parse(body.AsMemory(0, json));
        long[] denseShape = Shape(request, 0);
        long[] sparseShape = Shape(request, 1);
        int denseBytes = (int)(sizeof(float) * denseShape[0] * denseShape[1]);
        float[] scores = Run(session, body.AsSpan(json), denseBytes, denseShape, sparseShape);
        byte[] head = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"model_name":"kaggle","outputs":[{"name":"score","datatype":"FP32","shape":[{{{scores.Length}}}],"parameters":{"binary_data_size":{{{4 * scores.Length}}}}}]}"""));
        http.Response.Headers["Inference-Header-Content-Length"] = head.Length.ToString(CultureInfo.InvariantCulture);
        http.Response.ContentLength = head.Length + (sizeof(float) * scores.Length);
        await http.Response.Body.WriteAsync((byte[])[.. head, .. MemoryMarshal.AsBytes<float>(scores)]).ConfigureAwait(false);
    }

    private static float[] Run(InferenceSession session, Span<byte> tensors, int denseBytes, long[] denseShape, long[] sparseShape)
    {
        float[] denseValues = MemoryMarshal.Cast<byte, float>(tensors[..denseBytes]).ToArray();
        long[] sparseValues = MemoryMarshal.Cast<byte, long>(tensors[denseBytes..]).ToArray();
        using var dense = OrtValue.CreateTensorValueFromMemory(denseValues, denseShape);
        using var sparse = OrtValue.CreateTensorValueFromMemory(sparseValues, sparseShape);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, ["dense_x", "sparse_x"], [dense, sparse], ["pred"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static long[] Shape(JsonDocument request, int input) =>
        [.. request.RootElement.GetProperty("inputs")[input].GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt64())];
}
