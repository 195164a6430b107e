using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using Dlrm.Data;
using Dlrm.Serving.Grpc.Protocol;
using global::Grpc.Core;
using global::Grpc.Net.Client;
using Google.Protobuf;
using Xunit;

namespace Dlrm.Serving.Tests.Grpc;

public sealed class GrpcTests : IClassFixture<ServedCensus>, IDisposable
{
    private readonly ServedCensus _census;
    private readonly GrpcChannel _channel;
    private readonly GRPCInferenceService.GRPCInferenceServiceClient _client;

    public GrpcTests(ServedCensus census)
    {
        _census = census;
        _channel = GrpcChannel.ForAddress(census.Server.GrpcAddress);
        _client = new GRPCInferenceService.GRPCInferenceServiceClient(_channel);
    }

    public void Dispose() => _channel.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tensors_get_the_recorded_scores(bool raw)
    {
        ModelInferResponse answer = await _client.ModelInferAsync(Request(raw), cancellationToken: TestServer.Stop);
        Assert.Equal(("census", "seven"), (answer.ModelName, answer.Id));
        ModelInferResponse.Types.InferOutputTensor output = Assert.Single(answer.Outputs);
        float[] scores = raw
            ? MemoryMarshal.Cast<byte, float>(Assert.Single(answer.RawOutputContents).Span).ToArray()
            : [.. output.Contents.Fp32Contents];
        Assert.Equal(SampleModel.RecordedScores(_census.Model), scores);
        Assert.Equal(scores.Length, Assert.Single(output.Shape));
    }

    [Fact]
    public async Task Health_and_metadata_answer()
    {
        CancellationToken stop = TestServer.Stop;
        Assert.True((await _client.ServerLiveAsync(new ServerLiveRequest(), cancellationToken: stop)).Live);
        Assert.True((await _client.ServerReadyAsync(new ServerReadyRequest(), cancellationToken: stop)).Ready);
        Assert.True((await _client.ModelReadyAsync(new ModelReadyRequest { Name = "census" }, cancellationToken: stop)).Ready);
        Assert.False((await _client.ModelReadyAsync(new ModelReadyRequest { Name = "census", Version = "9" }, cancellationToken: stop)).Ready);
        Assert.Contains("binary_tensor_data", (await _client.ServerMetadataAsync(new ServerMetadataRequest(), cancellationToken: stop)).Extensions);
        ModelMetadataResponse model = await _client.ModelMetadataAsync(new ModelMetadataRequest { Name = "census" }, cancellationToken: stop);
        Assert.Equal(["dense", "sparse"], model.Inputs.Select(input => input.Name));
    }

    [Fact]
    public async Task What_is_wrong_has_a_status_and_a_reason()
    {
        ModelInferRequest request = Request(raw: true);
        request.RawInputContents.RemoveAt(1);
        await RefusedAsync(request, StatusCode.InvalidArgument, "1 elements for 2 inputs");
        request = Request(raw: true);
        request.Inputs[0].Shape[0] = 7;
        await RefusedAsync(request, StatusCode.InvalidArgument, "bytes; ");
        request = Request(raw: false);
        request.Inputs[0].Contents.Fp32Contents[0] = float.PositiveInfinity;
        await RefusedAsync(request, StatusCode.InvalidArgument, "is not a finite number");
        request = Request(raw: false);
        request.Inputs[1].Contents.Int64Contents[0] = -1;
        await RefusedAsync(request, StatusCode.InvalidArgument, "lies outside");
        request = Request(raw: false);
        request.Inputs[0].Contents = null;
        await RefusedAsync(request, StatusCode.InvalidArgument, "neither contents nor");
        request = Request(raw: true);
        request.Inputs[0].Contents = new InferTensorContents();
        await RefusedAsync(request, StatusCode.InvalidArgument, "use one of them");
        request = Request(raw: true);
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "logit" });
        await RefusedAsync(request, StatusCode.InvalidArgument, "no output 'logit'");
        request = Request(raw: true);
        request.ModelName = "../census";
        await RefusedAsync(request, StatusCode.NotFound, "no model of that name");
        request = Request(raw: true);
        request.ModelVersion = "9";
        await RefusedAsync(request, StatusCode.NotFound, "in no other");
    }

    [Fact]
    public async Task Deadline_and_cancellation_take_rows_out_of_the_queue()
    {
        await using TestServer server = await TestServer.StartAsync(_census.Model, options: new ServingOptions { BatchDelay = TimeSpan.FromSeconds(60) });
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
        RpcException late = await Assert.ThrowsAsync<RpcException>(async () =>
            await client.ModelInferAsync(Request(raw: true), deadline: DateTime.UtcNow.AddMilliseconds(50), cancellationToken: TestServer.Stop));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        using var gone = new CancellationTokenSource();
        Task call = client.ModelInferAsync(Request(raw: true), cancellationToken: gone.Token).ResponseAsync;
        while (server.Catalog.Models[0].Current!.Queue.Rows == 0)
        {
            await Task.Yield();
        }

        await gone.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => call);
        while (server.Catalog.Models[0].Current!.Queue.Rows > 0)
        {
            await Task.Yield();
        }
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 0x0a, 0x7f })]
    [InlineData(new byte[] { 1, 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 9 })]
    public async Task What_is_no_message_is_an_error_and_no_crash(byte[] body)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_census.Server.GrpcAddress}/inference.GRPCInferenceService/ModelInfer")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.Add("te", "trailers");
        using HttpResponseMessage answer = await client.SendAsync(request, TestServer.Stop);
        await answer.Content.ReadAsByteArrayAsync(TestServer.Stop);
        string status = (answer.Headers.TryGetValues("grpc-status", out IEnumerable<string>? early) ? early : answer.TrailingHeaders.GetValues("grpc-status")).Single();
        Assert.NotEqual("0", status);
        Assert.True((await _client.ServerLiveAsync(new ServerLiveRequest(), cancellationToken: TestServer.Stop)).Live);
    }

    private async Task RefusedAsync(ModelInferRequest request, StatusCode status, string reason)
    {
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await _client.ModelInferAsync(request, cancellationToken: TestServer.Stop));
        Assert.Equal(status, exception.StatusCode);
        Assert.Contains(reason, exception.Status.Detail, StringComparison.Ordinal);
    }

    private ModelInferRequest Request(bool raw)
    {
        using Batch rows = SampleModel.RecordedRows(_census.Model);
        long[] sparse = new long[rows.Size * rows.Tables];
        for (int i = 0; i < sparse.Length; i++)
        {
            sparse[i] = rows.Indices(i % rows.Tables)[i / rows.Tables];
        }

        var dense = new ModelInferRequest.Types.InferInputTensor { Name = "dense", Datatype = "FP32", Shape = { rows.Size, rows.DenseFeatures } };
        var lookups = new ModelInferRequest.Types.InferInputTensor { Name = "sparse", Datatype = "INT64", Shape = { rows.Size, rows.Tables } };
        var request = new ModelInferRequest { ModelName = "census", Id = "seven", Inputs = { dense, lookups } };
        if (raw)
        {
            request.RawInputContents.Add(ByteString.CopyFrom(MemoryMarshal.AsBytes(rows.Dense)));
            request.RawInputContents.Add(ByteString.CopyFrom(MemoryMarshal.AsBytes<long>(sparse)));
        }
        else
        {
            dense.Contents = new InferTensorContents { Fp32Contents = { rows.Dense.ToArray() } };
            lookups.Contents = new InferTensorContents { Int64Contents = { sparse } };
        }

        return request;
    }
}
