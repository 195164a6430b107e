using System.Diagnostics;
using System.IO.Compression;
using Dlrm.Cli.Commands;
using Dlrm.Data.Folders;
using Xunit;

namespace Dlrm.Cli.Tests.Commands;

/// <summary><c>dlrm preprocess</c> on a disk that is really full: small file systems, where mounting is allowed.</summary>
public sealed class FullDiskTests : IDisposable
{
    private static readonly string[] Columns = ["--label=click", "--dense=price", "--sparse=user,site", "--split=fraction:0.7", "--overwrite", "--quiet"];

    private readonly ScratchFolder _scratch = new();
    private bool _mounted;

    private string Disk => _scratch["disk"];

    /// <summary>
    /// The source is packed a hundred times, so that what it needs is guessed far too low; the disk is full while the spool, or,
    /// with a little more room, the data set is written.
    /// </summary>
    [Theory]
    [InlineData("size=1500k", false)]
    [InlineData("size=4m", false)]
    [InlineData("size=1500k", true)]
    public void The_error_is_clear_and_what_was_there_stays(string size, bool criteo)
    {
        Mount(size);
        string[] options = criteo ? ["--preset=criteo-kaggle", "--overwrite", "--quiet"] : Columns;
        File.WriteAllText(_scratch["small.csv"], criteo ? CriteoRows(100) : Rows(100));
        string[] small = ["preprocess", _scratch["small.csv"], $"--output={Disk}/set", .. options];
        Assert.Equal(ExitCode.Done, ToolRunner.Run(small).Code);
        string[] before = Contents();
        using (var packed = new GZipStream(File.Create(_scratch["big.csv.gz"]), CompressionLevel.SmallestSize))
        {
            packed.Write(System.Text.Encoding.UTF8.GetBytes(criteo ? CriteoRows(30_000) : Rows(150_000)));
        }

        Ended ended = ToolRunner.Run(["preprocess", _scratch["big.csv.gz"], $"--output={Disk}/set", .. options]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("No space left on device", ended.Error, StringComparison.Ordinal);
        Assert.Contains("Make room, or name a folder on another disk with --output", ended.Error, StringComparison.Ordinal);
        Assert.Equal(["set"], Directory.GetFileSystemEntries(Disk).Select(Path.GetFileName));
        Assert.Equal(before, Contents());
        DataSetFolder.Open($"{Disk}/set", verify: true).Dispose();
    }

    [Fact]
    public void A_disk_that_is_too_small_is_told_before_the_work()
    {
        Mount("size=1500k");
        File.WriteAllText(_scratch["big.csv"], Rows(150_000));
        Ended ended = ToolRunner.Run(["preprocess", _scratch["big.csv"], $"--output={Disk}/set", .. Columns]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("Make room, or name a folder on another disk with --output", ended.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Disk));
    }

    public void Dispose()
    {
        if (_mounted)
        {
            Run("umount", Disk);
        }

        _scratch.Dispose();
    }

    private static string Rows(int rows) =>
        "click,price,user,site\n" + string.Concat(Enumerable.Range(0, rows).Select(row => $"{row % 2},{row % 3},u{row % 5},s\n"));

    private static string CriteoRows(int rows) => string.Concat(
        Enumerable.Range(0, rows).Select(row => row % 2 + string.Concat(Enumerable.Repeat("\t7", 13)) + string.Concat(Enumerable.Repeat("\t0000ab1f", 26)) + "\n"));

    private string[] Contents() =>
        [.. Directory.GetFiles($"{Disk}/set").Order().Select(file => Path.GetFileName(file) + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))))];

    private void Mount(string size)
    {
        Directory.CreateDirectory(Disk);
        _mounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", size, "none", Disk) == 0;
        Assert.SkipUnless(_mounted, "Mounting a file system is not allowed here.");
    }

    private static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
