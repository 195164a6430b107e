using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Dlrm.Tests.Parity;

/// <summary>
/// The numbers that other tests hold this library to are those that PyTorch computes here and now: each script beside such
/// numbers is run again, where Python has PyTorch (<c>./test</c> installs Debian's if it can), and the results compared.
/// </summary>
public sealed class PyTorchScriptTests
{
    /// <summary>Debian's, which is what its packages install for.</summary>
    private const string Python = "/usr/bin/python3";

    /// <summary>Another processor may round sums in another order.</summary>
    private const double Tolerance = 1e-5;

    private static readonly Lazy<bool> s_hasPyTorch = new(() => File.Exists(Python) && Run("-c", "import torch").Code == 0);

    [Theory]
    [InlineData("Optimizers", "pytorch_optimizers.py", "pytorch-optimizers.json")]
    [InlineData("Optimizers", "pytorch_embedding_l2.py", "pytorch-embedding-l2.json")]
    [InlineData("Layers", "pytorch_pooling.py", "pytorch-pooling.json")]
    [InlineData("Model", "pytorch_models.py", "pytorch-models.json")]
    public void PyTorch_computes_the_numbers_that_are_kept(string folder, string script, string kept)
    {
        Assert.SkipUnless(s_hasPyTorch.Value, "Needs PyTorch: apt-get install python3-torch.");

        string source = Path.Combine(Root(), "tests", "Dlrm.Tests", folder);
        string copy = Directory.CreateTempSubdirectory("dlrm-parity-").FullName;
        try
        {
            File.Copy(Path.Combine(source, script), Path.Combine(copy, script));
            (int code, string output, string errors) = Run(Path.Combine(copy, script));
            Assert.True(code == 0, $"{script} ended with {code}: {errors}");

            string written = Path.Combine(copy, kept);
            string computed = File.Exists(written) ? File.ReadAllText(written) : output;
            Compare(Parse(File.ReadAllText(Path.Combine(source, kept))), Parse(computed), kept);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    private static JsonElement Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static void Compare(JsonElement expected, JsonElement actual, string path)
    {
        Assert.True(expected.ValueKind == actual.ValueKind, $"{path} is {actual.ValueKind}; kept is {expected.ValueKind}.");
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in expected.EnumerateObject().Where(property => property.Name != "torch"))
                {
                    // "torch" is the version that computed them.
                    Assert.True(actual.TryGetProperty(property.Name, out JsonElement value), $"{path} has no {property.Name}.");
                    Compare(property.Value, value, $"{path}.{property.Name}");
                }

                break;
            case JsonValueKind.Array:
                Assert.True(expected.GetArrayLength() == actual.GetArrayLength(), $"{path} has another length.");
                for (int i = 0; i < expected.GetArrayLength(); i++)
                {
                    Compare(expected[i], actual[i], $"{path}[{i}]");
                }

                break;
            case JsonValueKind.Number:
                double kept = expected.GetDouble();
                double computed = actual.GetDouble();
                Assert.True(
                    Math.Abs(kept - computed) <= Tolerance * Math.Max(1, Math.Abs(kept)), $"{path} is {computed}; kept is {kept}.");
                break;
            default:
                Assert.True(expected.ToString() == actual.ToString(), $"{path} is {actual}; kept is {expected}.");
                break;
        }
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Dlrm.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("Run the tests inside a clone of the repository.");
    }
}
