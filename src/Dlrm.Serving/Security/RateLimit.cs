using System.Threading.RateLimiting;
using Dlrm.Serving.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace Dlrm.Serving.Security;

/// <summary>A bucket of tokens for each client: a second's worth at once, refilled ten times a second.</summary>
internal static class RateLimit
{
    private const int RefillsPerSecond = 10;

    /// <summary>Sets the server's limiter.</summary>
    /// <param name="options">Of ASP.NET.</param>
    /// <param name="perSecond">Requests a second of one client.</param>
    public static void Configure(RateLimiterOptions options, int perSecond)
    {
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
            http.Request.Path.StartsWithSegments("/v2/health")
                ? RateLimitPartition.GetNoLimiter("")
                : RateLimitPartition.GetTokenBucketLimiter(Gatekeeper.Client(http), _ => Bucket(perSecond)));
        options.OnRejected = static async (context, _) =>
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            await JsonAnswer.SendErrorAsync(
                context.HttpContext,
                StatusCodes.Status429TooManyRequests,
                "This client asks too often; try again after the time that Retry-After gives.").ConfigureAwait(false);
        };
    }

    private static TokenBucketRateLimiterOptions Bucket(int perSecond) => new()
    {
        TokenLimit = perSecond,
        TokensPerPeriod = Math.Max(1, perSecond / RefillsPerSecond),
        ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, perSecond / RefillsPerSecond) / (double)perSecond),
        QueueLimit = 0,
        AutoReplenishment = true,
    };
}
