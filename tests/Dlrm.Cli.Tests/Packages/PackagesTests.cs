using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Dlrm.Cli.Tests.Packages;

/// <summary>The packages as somebody gets them: restored from a folder into fresh programs, without this repository.</summary>
public sealed class PackagesTests(PackagesFixture packages) : IClassFixture<PackagesFixture>
{
    [Theory]
    [InlineData("Dlrm")]
    [InlineData("Dlrm.Data")]
    [InlineData("Dlrm.Interop")]
    [InlineData("Dlrm.Mpi")]
    [InlineData("Dlrm.Reports")]
    [InlineData("Dlrm.Serving")]
    public void A_package_has_documentation_a_readme_a_license_and_symbols(string name)
    {
        string[] files = Entries($"{name}.0.1.0.nupkg");
        Assert.Contains($"lib/net10.0/{name}.dll", files);
        Assert.Contains($"lib/net10.0/{name}.xml", files);
        Assert.Contains("README.md", files);
        Assert.Contains($"lib/net10.0/{name}.pdb", Entries($"{name}.0.1.0.snupkg"));
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(packages.Folder, $"{name}.0.1.0.nupkg"));
        using var reader = new StreamReader(package.GetEntry($"{name}.nuspec")!.Open());
        string description = reader.ReadToEnd();
        Assert.Contains("""<license type="expression">MIT</license>""", description, StringComparison.Ordinal);
        Assert.Contains("<readme>README.md</readme>", description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_console_program_of_20_lines_and_a_web_api_train_score_and_serve()
    {
        string console = packages.Sample("Console");
        Assert.InRange(File.ReadLines(Path.Combine(console, "Program.cs")).Count(line => line.Trim().Length > 0), 1, 20);
        string[] lines = PackagesFixture.Dotnet(console, "run", "-v", "quiet").TrimEnd().Split('\n');
        Assert.InRange(Number(lines[0]), 0.85, 1);
        Assert.InRange(Number(lines[1]), 0.9, 1);
        Assert.InRange(Number(lines[2]), 0, 0.1);

        Ended inspected = ToolRunner.Run("inspect", Path.Combine(console, "model"));
        Assert.True(inspected.Code == 0, inspected.Error);
        File.WriteAllText(Path.Combine(console, "visits.jsonl"), """{"Price": 0.5, "Device": "phone", "Tags": ["new"]}""" + "\n");
        Ended predicted = ToolRunner.Run("predict", Path.Combine(console, "visits.jsonl"), $"--load-model={Path.Combine(console, "model")}");
        Assert.True(predicted.Code == 0, predicted.Error);
        Assert.Equal(Number(lines[1]), Number(predicted.Lines[^1]), 0.0006);

        string web = packages.Sample("WebApi");
        PackagesFixture.Dotnet(web, "build", "-v", "quiet");
        using Process server = PackagesFixture.Start(
            "dotnet", web, Path.Combine("bin", "Debug", "net10.0", "WebApi.dll"), $"--model={Path.Combine(console, "model")}", "--urls=http://127.0.0.1:0");
        try
        {
            string address = "";
            while (address.Length == 0 && await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                address = Regex.Match(line, @"http://127\.0\.0\.1:\d+").Value;
            }

            using var client = new HttpClient { BaseAddress = new Uri(address) };
            using HttpResponseMessage answer = await client.PostAsJsonAsync(
                "/clicks", new { Price = 0.5, Device = "phone", Tags = (string[])["new"] }, TestContext.Current.CancellationToken);
            string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, text);
            Assert.Equal(Number(lines[1]), (double)JsonNode.Parse(text)!["click"]!, 0.0006);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public void The_walkthrough_runs()
    {
        string[] lines = PackagesFixture.Dotnet(packages.Sample("Walkthrough"), "run", "walkthrough.cs").TrimEnd().Split('\n');
        Assert.InRange(Number(lines.Single(line => line.StartsWith("4. AUC", StringComparison.Ordinal))[7..]), 0.75, 1);
        Assert.Equal(3, lines.Count(line => line.StartsWith("6. ", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_tool_installs_and_tells_its_version()
    {
        string folder = Directory.CreateDirectory(Path.Combine(packages.Folder, "..", "tools")).FullName;
        PackagesFixture.Dotnet(folder, "tool", "install", "Dlrm.Tool", "--tool-path", ".", "--version", "0.1.0");
        using Process tool = PackagesFixture.Start(Path.Combine(folder, OperatingSystem.IsWindows() ? "dlrm.exe" : "dlrm"), folder, "--version");
        Assert.Contains("0.1.0", tool.StandardOutput.ReadToEnd(), StringComparison.Ordinal);
        tool.WaitForExit();
        Assert.Equal(0, tool.ExitCode);
    }

    private static double Number(string line) => double.Parse(
        Regex.Match(line, @"\d+\.\d+").Value, System.Globalization.CultureInfo.InvariantCulture);

    private string[] Entries(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(packages.Folder, package));
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }
}
