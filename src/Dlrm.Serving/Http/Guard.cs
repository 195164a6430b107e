using System.Diagnostics;
using System.Text.Json;
using Dlrm.Serving.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Dlrm.Serving.Http;

/// <summary>Stands around every endpoint: measures it, and turns what goes wrong into a status and one sentence.</summary>
/// <param name="metrics">Counts.</param>
/// <param name="log">Told of what is not the client's fault.</param>
internal sealed partial class Guard(RequestMetrics metrics, ILogger<Guard> log)
{
    private const int ClientClosed = 499; // nobody reads it; the metrics do

    /// <summary>An endpoint with its guard.</summary>
    /// <param name="endpoint">Its name in metrics.</param>
    /// <param name="answer">Answers.</param>
    public RequestDelegate Around(string endpoint, Func<HttpContext, ValueTask> answer) => http => Run(http, endpoint, answer);

    private async Task Run(HttpContext http, string endpoint, Func<HttpContext, ValueTask> answer)
    {
        long began = Stopwatch.GetTimestamp();
        metrics.Begin();
        int status = StatusCodes.Status500InternalServerError;
        try
        {
            await answer(http).ConfigureAwait(false);
            status = http.Response.StatusCode;
        }
#pragma warning disable CA1031 // Whatever happens, the client is told and the server goes on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            status = await FailAsync(http, exception).ConfigureAwait(false);
        }
        finally
        {
            TimeSpan duration = Stopwatch.GetElapsedTime(began);
            metrics.End(endpoint, status, duration);
            LogAnswered(endpoint, status, duration.TotalMilliseconds);
        }
    }

    private async Task<int> FailAsync(HttpContext http, Exception exception)
    {
        if (http.RequestAborted.IsCancellationRequested)
        {
            return ClientClosed;
        }

        (int status, string message) = exception switch
        {
            RequestException request => (request.Status, request.Message),
            JsonException json => (StatusCodes.Status400BadRequest, Describe(json)),
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            OperationCanceledException => (StatusCodes.Status504GatewayTimeout, RequestException.TooLate().Message),
            _ => (StatusCodes.Status500InternalServerError, $"The server failed; its log says more under id {http.TraceIdentifier}."),
        };
        if (status == StatusCodes.Status500InternalServerError)
        {
            LogFailed(exception, http.TraceIdentifier);
        }

        if (http.Response.HasStarted)
        {
            http.Abort(); // half an answer must not look like a whole one
            return status;
        }

        http.Response.Clear();
        if (status == StatusCodes.Status429TooManyRequests)
        {
            http.Response.Headers.RetryAfter = "1";
        }

        if (http.Features.Get<IHttpBodyControlFeature>() is not null && exception is BadHttpRequestException)
        {
            http.Response.Headers.Connection = "close";
        }

        try
        {
            await JsonAnswer.SendErrorAsync(http, status, message).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ClientClosed;
        }

        return status;
    }

    /// <summary>Where the text stops being JSON, without the name of a type.</summary>
    private static string Describe(JsonException exception) =>
        $"The body is not the JSON that was expected: {exception.Message.TrimEnd('.')}.";

    [LoggerMessage(20, LogLevel.Error, "Request {Id} failed.")]
    private partial void LogFailed(Exception exception, string id);

    [LoggerMessage(21, LogLevel.Debug, "{Endpoint} answered {Status} in {Milliseconds} ms.")]
    private partial void LogAnswered(string endpoint, int status, double milliseconds);
}
