using System.Diagnostics;
using Dlrm.Checkpoints;
using Dlrm.Cli.Commands;
using Xunit;

namespace Dlrm.Cli.Tests.Running;

/// <summary>A disk that is really full, and one that is really read-only: small file systems, where mounting is allowed.</summary>
public sealed class RealDiskTests : IDisposable
{
    /// <summary>A checkpoint of this model is 0.5 MB.</summary>
    private static readonly string[] Options =
    [
        "train", "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=30000-50", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--data-size=8000", "--print-freq=7", "--round-targets", "--loss-function=bce", "--num-threads=1",
    ];

    private readonly ScratchFolder _scratch = new();
    private bool _mounted;

    private string Disk => _scratch["disk"];

    [Fact]
    public void A_full_disk_costs_no_checkpoint()
    {
        Mount("size=900k");
        Train($"--output-dir={_scratch["whole"]}", "--checkpoint-every=5");
        Ended ended = ToolRunner.Run([.. Options, $"--output-dir={Disk}/out", "--checkpoint-every=5", "--keep=9"]);
        Assert.Equal(ExitCode.Failed, ended.Code);
        Assert.Contains("No space left on device", ended.Error, StringComparison.Ordinal);
        Assert.Contains("A checkpoint could not be written", ended.Error, StringComparison.Ordinal);
        Assert.Contains("those before it stand", ended.Error, StringComparison.Ordinal);
        (long _, string path) = Assert.Single(new CheckpointFolder($"{Disk}/out/checkpoints").List());
        Ended resumed = ToolRunner.Run("train", $"--resume={path}", $"--output-dir={_scratch["rest"]}");
        Assert.True(resumed.Code == ExitCode.Done, resumed.Error);
        Assert.Equal(
            File.ReadAllBytes(_scratch["whole/model/model.safetensors"]), File.ReadAllBytes(_scratch["rest/model/model.safetensors"]));
    }

    [Fact]
    public void A_read_only_folder_is_named_and_can_be_gone_on_from_elsewhere()
    {
        Mount("size=9m");
        Train($"--output-dir={Disk}/out", "--checkpoint-every=5");
        Assert.Equal(0, Run("mount", "-o", "remount,ro", Disk));
        Ended refused = ToolRunner.Run("train", $"--resume={Disk}/out", "--nepochs=2");
        Assert.Equal(ExitCode.Failed, refused.Code);
        Assert.Contains(Disk, refused.Error, StringComparison.Ordinal);
        Assert.Contains("ead-only file system", refused.Error, StringComparison.Ordinal);
        Train("--nepochs=2", $"--output-dir={_scratch["whole"]}");
        Ended resumed = ToolRunner.Run("train", $"--resume={Disk}/out", "--nepochs=2", $"--output-dir={_scratch["rest"]}");
        Assert.True(resumed.Code == ExitCode.Done, resumed.Error);
        Assert.Equal(
            File.ReadAllBytes(_scratch["whole/model/model.safetensors"]), File.ReadAllBytes(_scratch["rest/model/model.safetensors"]));
    }

    public void Dispose()
    {
        if (_mounted)
        {
            Run("umount", Disk);
        }

        _scratch.Dispose();
    }

    private static void Train(params string[] more)
    {
        Ended ended = ToolRunner.Run([.. Options, .. more]);
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
    }

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
