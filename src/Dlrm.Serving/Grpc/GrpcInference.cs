using System.Diagnostics;
using System.Runtime.InteropServices;
using Dlrm.Data;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Grpc.Protocol;
using Dlrm.Serving.Http;
using Dlrm.Serving.Metrics;
using Dlrm.Serving.Models;
using Dlrm.Serving.Tensors;
using global::Grpc.Core;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dlrm.Serving.Grpc;

/// <summary><c>inference.GRPCInferenceService</c> of the Open Inference Protocol.</summary>
/// <param name="catalog">The models.</param>
/// <param name="readiness">Whether the server takes requests.</param>
/// <param name="metrics">Counts.</param>
/// <param name="log">Told of what is not the client's fault.</param>
internal sealed partial class GrpcInference(
    ModelCatalog catalog, Readiness readiness, RequestMetrics metrics, ILogger<GrpcInference> log)
    : GRPCInferenceService.GRPCInferenceServiceBase
{
    private const string Endpoint = "grpc";

    /// <inheritdoc/>
    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerLiveResponse { Live = true });

    /// <inheritdoc/>
    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerReadyResponse { Ready = readiness.IsReady });

    /// <inheritdoc/>
    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerMetadataResponse
        {
            Name = MetadataEndpoints.ServerName,
            Version = MetadataEndpoints.ServerVersion,
            Extensions = { MetadataEndpoints.Extensions },
        });

    /// <inheritdoc/>
    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) => Guarded(() =>
    {
        ModelVersion? current = catalog.Find(request.Name).Current;
        bool ready = readiness.IsOpen && current is not null && (request.Version.Length == 0 || request.Version == current.Version);
        return Task.FromResult(new ModelReadyResponse { Ready = ready });
    });

    /// <inheritdoc/>
    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context) => Guarded(() =>
    {
        ModelVersion version = InferEndpoint.Acquire(catalog, request.Name, request.Version);
        var answer = new ModelMetadataResponse { Name = version.Name, Versions = { version.Version }, Platform = MetadataEndpoints.Platform };
        foreach ((string name, string type, long[] shape) in TensorNames.Inputs(version.Config))
        {
            answer.Inputs.Add(new ModelMetadataResponse.Types.TensorMetadata { Name = name, Datatype = type, Shape = { shape } });
        }

        answer.Outputs.Add(new ModelMetadataResponse.Types.TensorMetadata { Name = TensorNames.Score, Datatype = "FP32", Shape = { -1 } });
        version.Release();
        return Task.FromResult(answer);
    });

    /// <inheritdoc/>
    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) =>
        Guarded(() => InferAsync(request, context));

    private async Task<ModelInferResponse> InferAsync(ModelInferRequest request, ServerCallContext context)
    {
        foreach (ModelInferRequest.Types.InferRequestedOutputTensor output in request.Outputs)
        {
            InferRequest.RequireOutput(output.Name);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        if (context.Deadline == DateTime.MaxValue)
        {
            deadline.CancelAfter(catalog.Options.Timeout);
        }

        ModelVersion version = InferEndpoint.Acquire(catalog, request.ModelName, request.ModelVersion);
        Batch batch = version.Batches.Rent();
        try
        {
            new TensorRows(version.Config, GrpcTensors.Read(request)).Fill(batch, catalog.Options.MaxRows);
            using PendingScore scored = await version.ScoreAsync(batch, shared: null, deadline.Token).ConfigureAwait(false);
            var answer = new ModelInferResponse { ModelName = version.Name, ModelVersion = version.Version, Id = request.Id };
            var output = new ModelInferResponse.Types.InferOutputTensor { Name = TensorNames.Score, Datatype = "FP32", Shape = { scored.Count } };
            if (request.RawInputContents.Count > 0)
            {
                answer.RawOutputContents.Add(ByteString.CopyFrom(MemoryMarshal.AsBytes(scored.Scores)));
            }
            else
            {
                output.Contents = new InferTensorContents();
                output.Contents.Fp32Contents.AddRange(scored.Scores.ToArray());
            }

            answer.Outputs.Add(output);
            return answer;
        }
        finally
        {
            version.Batches.Return(batch);
            version.Release();
        }
    }

    private async Task<T> Guarded<T>(Func<Task<T>> answer)
    {
        long began = Stopwatch.GetTimestamp();
        metrics.Begin();
        int status = StatusCodes.Status200OK;
        try
        {
            return await answer().ConfigureAwait(false);
        }
        catch (RequestException exception)
        {
            status = exception.Status;
            throw new RpcException(new Status(Code(exception.Status), exception.Message));
        }
        catch (OperationCanceledException)
        {
            status = StatusCodes.Status504GatewayTimeout;
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, RequestException.TooLate().Message));
        }
        catch (Exception exception)
        {
            status = StatusCodes.Status500InternalServerError;
            LogFailed(exception);
            throw new RpcException(new Status(StatusCode.Internal, "The server failed; its log says more."));
        }
        finally
        {
            metrics.End(Endpoint, status, Stopwatch.GetElapsedTime(began));
        }
    }

    private static StatusCode Code(int status) => status switch
    {
        StatusCodes.Status404NotFound => StatusCode.NotFound,
        StatusCodes.Status429TooManyRequests => StatusCode.ResourceExhausted,
        StatusCodes.Status503ServiceUnavailable => StatusCode.Unavailable,
        _ => StatusCode.InvalidArgument,
    };

    [LoggerMessage(30, LogLevel.Error, "A gRPC request failed.")]
    private partial void LogFailed(Exception exception);
}
