using Dlrm.Serving;

// dotnet run --model=../Console/model --urls=http://127.0.0.1:5080
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddDlrm(builder.Configuration["model"] ?? "model");
WebApplication app = builder.Build();

app.MapPost("/clicks", async (Visit visit, DlrmScoring scoring, CancellationToken stop) =>
{
    float score = await scoring.ScoreAsync(
        new Dictionary<string, object?> { ["Price"] = visit.Price, ["Device"] = visit.Device, ["Tags"] = visit.Tags }, stop: stop);
    return new { Click = score };
});
app.Run();

internal sealed record Visit(double Price, string Device, string[] Tags);
