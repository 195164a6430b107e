using System.Diagnostics;
using Dlrm.Cli.Commands;
using Dlrm.Cli.Tests.Golden;
using Dlrm.Interop.Models;
using Dlrm.Layers;
using Dlrm.Model;
using Xunit;

namespace Dlrm.Cli.Tests.PyTorch;

/// <summary>The reference's options that name checkpoints of PyTorch, and import and export. make.sh made the files.</summary>
public sealed class PyTorchRunTests : IDisposable
{
    private static readonly string[] Reference =
    [
        "--arch-mlp-bot=4-8-4", "--arch-mlp-top=8-1", "--arch-embedding-size=60-50-3", "--arch-sparse-feature-size=4",
        "--mini-batch-size=8", "--print-freq=7", "--test-freq=20", "--round-targets=True", "--loss-function=bce",
        "--learning-rate=0.1", "--optimizer=adagrad", "--numpy-rand-seed=2",
    ];

    private readonly ScratchFolder _scratch = new();

    private static string Part => Path.Combine(AppContext.BaseDirectory, "PyTorch", "part.pt");

    [Fact]
    public void Training_goes_on_from_a_checkpoint_of_the_reference_as_the_reference_does()
    {
        Ended ended = Succeed(
            "train", [.. Reference, "--data-size=480", $"--load-model={Part}", $"--save-model={_scratch["rest.pt"]}", $"--output-dir={_scratch["out"]}"]);

        string[] expected = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "PyTorch", "rest.txt"));
        Assert.Equal(
            expected,
            ended.Lines.Select(line => line.Replace(Part, "part.pt", StringComparison.Ordinal).Replace(_scratch["rest.pt"], "rest.pt", StringComparison.Ordinal)));
        RequireAlike(Path.Combine(AppContext.BaseDirectory, "PyTorch", "rest.pt"), _scratch["rest.pt"], 1e-5f);
        using var saved = ModelFile.Open(_scratch["rest.pt"]);
        Assert.Equal((0, 40, 60), (saved.Counters!.Epoch, saved.Counters.Iteration, saved.Counters.Batches));
        Assert.Contains("\"step\":60", File.ReadAllText(_scratch["out/metrics.jsonl"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adagrad")]
    [InlineData("rwsadagrad")]
    [InlineData("sgd")]
    public void The_reference_goes_on_from_ours(string optimizer)
    {
        string? reference = Environment.GetEnvironmentVariable("REFERENCE");
        Assert.SkipUnless(Directory.Exists(reference), "REFERENCE names no folder of facebookresearch/dlrm.");
        string[] options = [.. Reference.Where(option => !option.StartsWith("--optimizer", StringComparison.Ordinal)), $"--optimizer={optimizer}"];
        Succeed("train", [.. options, "--data-size=160", $"--save-model={_scratch["part.pt"]}", $"--output-dir={_scratch["out"]}"]);
        Ended ours = Succeed("train", [.. options, "--data-size=480", "--test-freq=0", $"--load-model={_scratch["part.pt"]}", $"--output-dir={_scratch["rest"]}"]);

        string theirs = Start(
            "/usr/bin/python3", _scratch.Path,
            [Path.Combine(Repository.Root, "scripts", "reference.py"), .. options, "--data-size=480", "--test-freq=0", "--load-model=part.pt"]);

        string[] expected = [.. ours.Lines.Where(line => line.StartsWith("Finished", StringComparison.Ordinal))];
        string[] actual = [.. theirs.Split('\n').Where(line => line.StartsWith("Finished", StringComparison.Ordinal))];
        Assert.StartsWith("Finished training it 21/60 of epoch 0", actual[0], StringComparison.Ordinal);
        Assert.Equal(expected.Length, actual.Length);
        if (optimizer == "rwsadagrad")
        {
            // It puts the state of this optimizer back to zero when it loads one, so that only the first loss is alike.
            Assert.Equal(expected[0], actual[0]);
            return;
        }

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void The_next_epoch_begins_at_its_first_batch()
    {
        Ended ended = Succeed("train", [.. Reference, "--data-size=160", "--nepochs=2", $"--load-model={Part}", $"--output-dir={_scratch["out"]}"]);

        Assert.Equal(
            ["Finished training it 7/20 of epoch 1, -1.00 ms/it,"],
            ended.Lines.Where(line => line.StartsWith("Finished", StringComparison.Ordinal)).Take(1).Select(line => line[..line.IndexOf(" loss", StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_finished_checkpoint_leaves_nothing_to_do_and_says_so()
    {
        Ended ended = Succeed("train", [.. Reference, "--data-size=160", $"--load-model={Part}", $"--output-dir={_scratch["out"]}"]);

        Assert.DoesNotContain("Finished", ended.Out, StringComparison.Ordinal);
        Assert.Contains("nothing is left to do. Ask for more epochs (--nepochs=2)", ended.Error, StringComparison.Ordinal);
        RequireAlike(Part, _scratch["out/model"], 0);
    }

    [Fact]
    public void A_run_of_ours_goes_on_from_its_own_file_to_the_bit()
    {
        Succeed("train", [.. Reference, "--data-size=480", "--test-freq=0", "--nepochs=2", $"--output-dir={_scratch["whole"]}"]);
        Succeed("train", [.. Reference, "--data-size=480", "--test-freq=0", $"--save-model={_scratch["x.pt"]}", $"--output-dir={_scratch["one"]}"]);
        Succeed("train", [.. Reference, "--data-size=480", "--test-freq=0", "--nepochs=2", $"--load-model={_scratch["x.pt"]}", $"--output-dir={_scratch["two"]}"]);

        RequireAlike(_scratch["whole/model"], _scratch["two/model"], 0);
    }

    [Theory]
    [InlineData("load-infer")]
    [InlineData("load-infer-q8")]
    [InlineData("load-infer-q4")]
    public void The_references_save_and_load_lines_come_out(string name)
    {
        string[] Arguments(string of) =>
        [
            .. GoldenCase.Find(of).Arguments.Select(argument => argument.Replace("@", _scratch.Path, StringComparison.Ordinal)),
        ];
        Ended saved = Succeed("train", [.. Arguments("save"), $"--output-dir={_scratch["out"]}"]);
        Assert.Contains($"Saving model to {_scratch["m.pt"]}", saved.Lines);
        Ended loaded = Succeed("train", [.. Arguments(name), $"--output-dir={_scratch["infer"]}"]);

        Assert.Contains("Saved at: epoch = 0/1, batch = ", loaded.Out, StringComparison.Ordinal);
        Assert.StartsWith(" accuracy ", loaded.Lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pt")]
    [InlineData("onnx")]
    public void A_model_comes_back_from_export_and_import(string format)
    {
        Train("--activation=gelu", "--normalization=layer");
        Succeed("export", [_scratch["out"], $"--format={format}", $"--output={_scratch["m." + format]}"]);
        Succeed("import", [_scratch["m." + format], $"--output={_scratch["back"]}"]);
        RequireAlike(_scratch["out/model"], _scratch["back"], 0);

        Ended ours = Succeed("evaluate", [$"--load-model={_scratch["out"]}", "--format=json"]);
        Ended theirs = Succeed(
            "evaluate",
            [
                $"--load-model={_scratch["m." + format]}", .. Reference.Where(option => option.StartsWith("--mini", StringComparison.Ordinal) || option.Contains("round", StringComparison.Ordinal) || option.Contains("seed", StringComparison.Ordinal)),
                "--data-generation=random", "--data-size=480", "--format=json",
            ]);
        Assert.Equal(Logloss(ours), Logloss(theirs));
    }

    [Fact]
    public void A_folder_of_a_quantized_model_becomes_a_file_of_PyTorch_in_single_precision()
    {
        Train();
        Succeed("quantize", [$"--load-model={_scratch["out"]}", "--quantize-emb-with-bit=8", "--quantize-mlp-with-bit=8", $"--save-model={_scratch["small"]}"]);
        Succeed("export", [_scratch["small"], "--format=pt", $"--output={_scratch["m.pt"]}"]);
        Succeed("export", [_scratch["small"], "--format=onnx", $"--output={_scratch["m.onnx"]}"]);

        using var read = ModelFile.Open(_scratch["m.pt"]);
        Assert.False(read.Config.Precision.IsQuantized);
        RequireAlike(_scratch["out/model"], _scratch["m.pt"], 0.05f);
    }

    [Fact]
    public void A_model_with_another_activation_warns_whom_the_reference_would_mislead()
    {
        Train("--activation=gelu");

        Ended ended = Succeed("export", [_scratch["out"], "--format=pt", $"--output={_scratch["m.pt"]}"]);

        Assert.Contains("the reference has rectifiers alone", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_of_the_reference_runs_unchanged()
    {
        // The options of its README and test script, with the checkpoint and the ONNX file that its users ask for.
        string[] script =
        [
            "--mini-batch-size=2", "--data-size=6", "--debug-mode", "--nepochs=1", "--print-freq=1", "--print-time", "--test-freq=3",
            "--arch-embedding-size=4-3-2", "--arch-sparse-feature-size=2", "--arch-mlp-bot=4-3-2", "--arch-mlp-top=4-2-1",
            "--data-generation=random", "--loss-function=mse", "--round-targets=True", "--save-model=model.pt", "--save-onnx",
        ];
        RunIn(_scratch.Path, ["train", .. script]);
        Assert.True(File.Exists(_scratch["dlrm_s_pytorch.onnx"]));
        string infer = RunIn(_scratch.Path, ["train", .. script[..^2], "--load-model=model.pt", "--inference-only"]);
        Assert.Contains("Loading saved model model.pt", infer, StringComparison.Ordinal);
        Assert.Contains("Testing for inference only", infer, StringComparison.Ordinal);
        string onnx = RunIn(_scratch.Path, ["evaluate", "--load-model=dlrm_s_pytorch.onnx", "--data-generation=random", "--mini-batch-size=2", "--data-size=6", "--format=json"]);
        Assert.Contains("accuracy", onnx, StringComparison.Ordinal);
    }

    public void Dispose() => _scratch.Dispose();

    private static Ended Succeed(string command, string[] arguments)
    {
        Ended ended = ToolRunner.Run([command, .. arguments, .. command is "train" or "evaluate" or "quantize" ? ["--num-threads=1"] : Array.Empty<string>()]);
        Assert.True(ended.Code == ExitCode.Done, ended.Error);
        return ended;
    }

    private static string Logloss(Ended ended) => ended.Out[ended.Out.IndexOf("\"samples\"", StringComparison.Ordinal)..];

    /// <summary>Two models, folders or files, of the same parameters.</summary>
    private static void RequireAlike(string expected, string actual, float tolerance)
    {
        using var engine = new Engine(1);
        using DlrmModel first = Read(expected, engine);
        using DlrmModel second = Read(actual, engine);
        Assert.Equal(first.Parameters.Select(parameter => parameter.Name), second.Parameters.Select(parameter => parameter.Name));
        foreach ((Parameter one, Parameter other) in first.Parameters.Zip(second.Parameters))
        {
            float[] theirs = other.Value.Span.ToArray();
            Assert.All(one.Value.Span.ToArray().Zip(theirs), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, tolerance));
        }
    }

    private static DlrmModel Read(string path, Engine engine)
    {
        using var file = ModelFile.Open(path);
        var model = new DlrmModel(file.Config, engine, optimizer: null);
        file.ReadInto(model);
        return model;
    }

    private static string RunIn(string folder, string[] arguments)
        => Start("dotnet", folder, [Path.Combine(AppContext.BaseDirectory, "Dlrm.Cli.dll"), .. arguments]);

    private static string Start(string program, string folder, string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == ExitCode.Done, error.GetAwaiter().GetResult());
        return output;
    }

    private void Train(params string[] more)
        => Succeed("train", [.. Reference, "--data-size=480", $"--output-dir={_scratch["out"]}", .. more]);
}
