using System.Globalization;
using System.IO.Compression;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Golden;

/// <summary>The tool on the reference's own command lines, with redirected output.</summary>
public sealed class GoldenOutputTests : IDisposable
{
    private static readonly string CriteoTiny =
        Path.Combine(Repository.Root, "tests", "Dlrm.Tests", "Golden", "cases", "criteo-tiny.tsv.gz");

    /// <summary>
    /// The one line of a case whose loss may be off by one in its last, sixth digit; every other character is held. In the
    /// first two the mean of the reference's own losses is 2.4e-9 and 6.3e-9 from where that digit changes, less than the
    /// rounding of a float (3e-8). In kaggle-shape the reference drifts off exact arithmetic, by up to 7e-6: the
    /// mean is 0.69330130 in double precision (double_oracle.py), and not its 0.69330006.
    /// </summary>
    private static readonly Dictionary<string, int> LastDigitOpen = new()
    {
        ["sgd-bce-long"] = 24,
        ["criteo-day"] = 11,
        ["kaggle-shape"] = 4,
    };

    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Cases { get; } =
    [
        "readme", "readme-seed7", "dot", "dot-itself", "cat", "bce", "wbce", "bce-threshold", "sgd-bce-long", "ragged-last",
        "lookups-fixed", "gaussian", "lr-policy", "eval", "mlperf-eval", "epochs", "kaggle-shape", "adagrad", "rwsadagrad",
        "criteo-none", "criteo-total", "criteo-day", "criteo-maxind", "criteo-subsample", "criteo-mlperf",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_lines_are_the_references_to_the_character(string name)
    {
        GoldenCase item = GoldenCase.Find(name);
        Assert.NotEmpty(item.Lines);
        if (name.StartsWith("criteo-", StringComparison.Ordinal))
        {
            WriteRawFile(name);
        }

        string[] arguments = [.. item.Arguments.Select(argument => argument.Replace("@", _scratch.Path, StringComparison.Ordinal))];
        Ended ended = ToolRunner.Run(["train", .. arguments, $"--output-dir={_scratch["out"]}"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        string[] lines = [.. ended.Lines.Where(IsAboutTraining)];
        if (LastDigitOpen.TryGetValue(name, out int open))
        {
            string expected = Loss(item.Lines[open]);
            string loss = Loss(lines[open]);
            Assert.InRange(Math.Abs(Number(expected) - Number(loss)), 0, 1.1e-6);
            lines[open] = lines[open][..^loss.Length] + expected;
        }

        Assert.Equal(item.Lines, lines);
    }

    public void Dispose() => _scratch.Dispose();

    private static bool IsAboutTraining(string line) =>
        line.StartsWith("Finished", StringComparison.Ordinal) || line.StartsWith("Testing", StringComparison.Ordinal)
        || line.StartsWith(" accuracy", StringComparison.Ordinal) || line.StartsWith("recall", StringComparison.Ordinal);

    private static string Loss(string line) => line.Split(' ')[^1];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private void WriteRawFile(string name)
    {
        Directory.CreateDirectory(_scratch[name]);
        using FileStream packed = File.OpenRead(CriteoTiny);
        using var text = new GZipStream(packed, CompressionMode.Decompress);
        using FileStream raw = File.Create(_scratch[$"{name}/train.txt"]);
        text.CopyTo(raw);
    }
}
