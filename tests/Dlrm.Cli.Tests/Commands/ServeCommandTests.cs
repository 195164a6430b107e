using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

public sealed class ServeCommandTests : IDisposable
{
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll");
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("No model is named", "")]
    [InlineData("leave one out", "--model=a", "--models=b")]
    [InlineData("--allow-anonymous", "--model=a", "--listen=0.0.0.0:80")]
    [InlineData("is no address to listen on", "--model=a", "--listen=here")]
    [InlineData("--jwt-key", "--model=a", "--jwt-issuer=us")]
    [InlineData("--tls-cert", "--model=a", "--tls-key=k")]
    [InlineData("must hold the largest request", "--model=a", "--queue=10")]
    [InlineData("--max-batch=0: expected a whole number", "--model=a", "--max-batch=0")]
    public void Options_that_make_no_sense_are_refused_before_anything_listens(string reason, params string[] options)
    {
        Ended ended = ToolRunner.Run(["serve", .. options.Where(option => option.Length > 0)]);
        Assert.Equal(ExitCode.BadUsage, ended.Code);
        Assert.Contains(reason, ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_model_ends_with_a_reason()
    {
        Ended ended = ToolRunner.Run("serve", _scratch.Path, "--listen=127.0.0.1:0");
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("holds no saved model", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_printed_once_and_its_hash_is_for_the_file()
    {
        Ended first = ToolRunner.Run("serve", "--new-api-key=shop");
        Ended second = ToolRunner.Run("serve", "--new-api-key=shop");
        Assert.Equal(ExitCode.Done, first.Code);
        Assert.NotEqual(first.Out, second.Out);
        string key = first.Error.Split('\n')[1].Trim();
        Assert.StartsWith("dlrm_", key, StringComparison.Ordinal);
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        Assert.Equal($"shop {hash}\n", first.Out);
    }

    [Fact]
    public async Task What_was_trained_is_served_with_the_scores_of_the_tests_and_ends_on_SIGTERM_and_survives_SIGKILL()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        Ended trained = ToolRunner.Run("train", "--num-batches=20", $"--output-dir={_scratch["run"]}", "--num-threads=1", "--quiet");
        Assert.Equal(ExitCode.Done, trained.Code);
        Ended quantized = ToolRunner.Run("quantize", _scratch["run"], $"--save-model={_scratch["q8"]}", "--quantize-emb-with-bit=8");
        Assert.Equal(ExitCode.Done, quantized.Code);
        using (var folder = ModelFolder.Open(_scratch["run/model"]))
        using (var small = ModelFolder.Open(_scratch["q8"]))
        {
            Assert.Equal(ServingRecord.MaxSamples, folder.ServingRecord!.Samples.Count);
            Assert.Equal(40, folder.ServingRecord.Scores!.Counts.Count);
            Assert.NotEqual(folder.ServingRecord.Samples[0].Score, small.ServingRecord!.Samples[0].Score);
        }

        using var client = new HttpClient();
        foreach ((string model, int signal, int code) in ((string, int, int)[])[("q8", 9, 128 + 9), ("run", 15, 0)])
        {
            using Process server = Start("serve", _scratch[model], "--listen=127.0.0.1:0");
            string line = await server.StandardOutput.ReadLineAsync(stop) ?? await server.StandardError.ReadToEndAsync(stop);
            var address = new Uri(line["Serving on ".Length..]);
            Assert.Equal("""{"ready":true}""", await client.GetStringAsync(new Uri(address, "/v2/health/ready"), stop));
            JsonElement about = JsonDocument.Parse(await client.GetStringAsync(new Uri(address, $"/v1/models/{model}"), stop)).RootElement;
            using var row = new StringContent(about.GetProperty("sample").GetRawText());
            using HttpResponseMessage answer = await client.PostAsync(new Uri(address, "/v1/score"), row, stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            float score = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(stop)).RootElement.GetProperty("score").GetSingle();
            using (var folder = ModelFolder.Open(model == "run" ? _scratch["run/model"] : _scratch[model]))
            {
                Assert.Equal(folder.ServingRecord!.Samples[0].Score, score);
            }

            using Process kill = Process.Start("kill", [$"-{signal}", server.Id.ToString(CultureInfo.InvariantCulture)]);
            await server.WaitForExitAsync(stop);
            Assert.Equal(code, server.ExitCode);
        }
    }

    private static Process Start(params string[] arguments)
    {
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        return Process.Start(new ProcessStartInfo(host, [Tool, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    }
}
