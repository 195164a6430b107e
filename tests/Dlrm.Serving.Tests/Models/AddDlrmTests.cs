using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dlrm.Serving.Tests.Models;

public sealed class AddDlrmTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task An_application_of_its_own_scores_rows_and_may_map_the_endpoints()
    {
        SampleModel.Save(_scratch["census"]);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddDlrm(_scratch["census"]);
        await using WebApplication app = builder.Build();
        app.MapGet("/income/{age:int}", async (HttpContext http) =>
        {
            DlrmScoring scoring = http.RequestServices.GetRequiredService<DlrmScoring>();
            float score = await scoring.ScoreAsync(
                new Dictionary<string, object?> { ["age"] = http.Request.RouteValues["age"], ["workclass"] = null }, stop: http.RequestAborted);
            await http.Response.WriteAsync(score.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
        });
        app.MapDlrm();
        await app.StartAsync(TestServer.Stop);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        string score = await client.GetStringAsync("/income/40", TestServer.Stop);
        Assert.Equal(SampleModel.Predict(_scratch["census"], """[{"age": 40}]""")[0], float.Parse(score, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains("\"ready\":true", await client.GetStringAsync("/v2/health/ready", TestServer.Stop), StringComparison.Ordinal);
        DlrmScoring scoring = app.Services.GetRequiredService<DlrmScoring>();
        Assert.Equal(3, (await scoring.ScoreJsonAsync(System.Text.Encoding.UTF8.GetBytes(SampleModel.RowsArray), stop: TestServer.Stop)).Length);
        await Assert.ThrowsAsync<ArgumentException>(() => scoring.ScoreJsonAsync("""{"agee": 3}"""u8.ToArray(), stop: TestServer.Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => scoring.ScoreJsonAsync("{}"u8.ToArray(), "other", TestServer.Stop));
        await app.StopAsync(TestServer.Stop);
    }

    [Fact]
    public async Task A_model_that_cannot_be_used_keeps_the_application_from_starting()
    {
        SampleModel.Save(_scratch["census"], spoil: true);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddDlrm(_scratch["census"]);
        await using WebApplication app = builder.Build();
        InvalidDataException exception = await Assert.ThrowsAsync<InvalidDataException>(() => app.StartAsync(TestServer.Stop));
        Assert.Contains("Sample 0 of serving.json scores", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_name_no_model_or_two_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddDlrm(new ServingOptions()));
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddDlrm(new ServingOptions { Model = "a", Models = "b" }));
    }
}
