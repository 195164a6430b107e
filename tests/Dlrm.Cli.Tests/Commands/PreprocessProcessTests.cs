using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dlrm.Cli.Commands;
using Dlrm.Data.Folders;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary><c>dlrm preprocess</c> as a process of its own: killed, and fed by a pipe.</summary>
public sealed class PreprocessProcessTests : IDisposable
{
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll");

    private static readonly string[] Columns = ["--label=click", "--dense=price", "--sparse=user,site", "--min-frequency=2", "--split=hash:user:0.8", "--quiet"];

    private readonly ScratchFolder _scratch = ScratchFolder.InMemory();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_killed_process_is_gone_on_with_to_the_same_bytes(bool criteo)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "SIGKILL.");
        File.WriteAllText(_scratch["a.txt"], criteo ? Criteo(60_000) : Clicks(400_000));
        string[] options = ["preprocess", _scratch["a.txt"], .. criteo ? ["--preset=criteo-kaggle"] : Columns, "--num-threads=1"];
        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. options, $"--output={_scratch["whole"]}"]).Code);

        // Killed when the folder in the making has so many files, whatever is being written then: no clock decides.
        foreach (int files in new[] { 1, 2, 3 })
        {
            using Process process = Start([.. options, $"--output={_scratch["cut"]}"]);
            string work = _scratch["cut.partial"];
            while (!process.HasExited && Files(work) < files)
            {
                await Task.Yield();
            }

            process.Kill();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode is 137 or ExitCode.Done, process.ExitCode.ToString(CultureInfo.InvariantCulture));

            // A folder has its name only when it is whole.
            Assert.True(!Directory.Exists(_scratch["cut"]) || DataSetFolder.Describe(_scratch["cut"]).Rows > 0);
        }

        Ended ended = ToolRunner.Run([.. options, $"--output={_scratch["cut"]}"]);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Equal(Contents(_scratch["whole"]), Contents(_scratch["cut"]));
        Assert.False(Directory.Exists(_scratch["cut.partial"]));
    }

    /// <summary>Killed as soon as a file of the second half of the work is there: rows, a vocabulary, the description.</summary>
    [Fact]
    public async Task A_process_killed_while_it_writes_the_data_set_is_gone_on_with()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "SIGKILL.");
        File.WriteAllText(_scratch["a.txt"], Clicks(200_000));
        string[] options = ["preprocess", _scratch["a.txt"], .. Columns, "--num-threads=1"];
        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. options, $"--output={_scratch["whole"]}"]).Code);
        foreach (string file in new[] { "train-00000.arrow", "test-00000.arrow", "vocabulary-001.arrow", DataSetDescription.FileName })
        {
            using Process process = Start([.. options, $"--output={_scratch["cut"]}"]);
            while (!process.HasExited && !File.Exists(Path.Combine(_scratch["cut.partial"], file)))
            {
                await Task.Yield();
            }

            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode is 137 or ExitCode.Done, process.ExitCode.ToString(CultureInfo.InvariantCulture));
        }

        Assert.Equal(ExitCode.Done, ToolRunner.Run([.. options, $"--output={_scratch["cut"]}"]).Code);
        Assert.Equal(Contents(_scratch["whole"]), Contents(_scratch["cut"]));
        Assert.False(Directory.Exists(_scratch["cut.partial"]));
        Assert.False(File.Exists(_scratch["cut.lock"]));
    }

    [Fact]
    public async Task Standard_input_gives_what_the_file_gives()
    {
        string text = Clicks(5000);
        File.WriteAllText(_scratch["a.txt"], text);
        Assert.Equal(ExitCode.Done, ToolRunner.Run(["preprocess", _scratch["a.txt"], .. Columns, $"--output={_scratch["whole"]}"]).Code);

        using Process process = Start(["preprocess", "-", .. Columns, $"--output={_scratch["piped"]}"]);
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Done, process.ExitCode);
        Assert.Equal(Contents(_scratch["whole"]), Contents(_scratch["piped"]));
    }

    /// <summary>Files in a folder that another process makes, and may remove at any moment.</summary>
    private static int Files(string folder)
    {
        try
        {
            return Directory.GetFiles(folder).Length;
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }

    public void Dispose() => _scratch.Dispose();

    private static Process Start(string[] arguments)
    {
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        return Process.Start(new ProcessStartInfo(host, [Tool, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static string[] Contents(string folder)
    {
        DataSetDescription description = DataSetFolder.Describe(folder);
        return
        [
            .. description.Files.Select(file => file.Name + file.XxHash3), .. description.Sparse.Select(feature => feature.VocabularyHash ?? ""),
            .. description.Sources.Select(source => source.XxHash3), File.ReadAllText(Path.Combine(folder, "report.json")),
            .. Directory.GetFiles(folder).Select(Path.GetFileName).Order()!,
        ];
    }

    private static string Clicks(int rows)
    {
        var random = new System.Random(4);
        var text = new StringBuilder("click,price,user,site\n");
        for (int row = 0; row < rows; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row % 3 / 2},{random.Next(400)},u{random.Next(30_000)},s{random.Next(50)}\n");
        }

        return text.ToString();
    }

    private static string Criteo(int rows)
    {
        var random = new System.Random(4);
        var text = new StringBuilder();
        for (int row = 0; row < rows; row++)
        {
            text.Append(random.Next(2)).Append('\t').AppendJoin('\t', Enumerable.Range(0, 13).Select(_ => random.Next(90)));
            text.Append('\t').AppendJoin('\t', Enumerable.Range(0, 26).Select(column => random.Next(20 << (column / 2)).ToString("x8", CultureInfo.InvariantCulture)));
            text.Append('\n');
        }

        return text.ToString();
    }
}
