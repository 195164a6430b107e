using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Cli.Running;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm quantize</c>.</summary>
internal sealed class QuantizeCommand : ToolCommand
{
    public override string Name => "quantize";

    public override string Summary => "makes a smaller model that predicts: tables in 8 or 4 bits, MLPs in 16 or 8";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm quantize --load-model=model --save-model=small --quantize-emb-with-bit=8", "all tables in 8 bits"),
        ("dlrm quantize model --save-model=small --quantize-config=mix.json", "bits table by table; see docs/precision.md"),
        ("dlrm quantize model --save-model=small --quantize-auto --max-loss-increase=0.0005",
            "the fewest bits that keep the loss on the test samples"),
    ];

    public override ToolOption Positional => RunOptions.LoadModel;

    public override IReadOnlyList<ToolOption> Options => field ??=
    [
        RunOptions.LoadModel, RunOptions.SaveModel, ModelOptions.QuantizeEmbeddings, ModelOptions.QuantizeMlp,
        PrecisionOptions.QuantizeConfig, PrecisionOptions.Auto, PrecisionOptions.MaxLossIncrease, RunOptions.Config,
        RunOptions.Format, .. ModelOptions.Architecture, PrecisionOptions.EmbeddingType, .. ModelOptions.Losses, .. DataOptions.All,
        TrainOptions.BatchSize, TrainOptions.TestBatchSize, TrainOptions.Batches, TrainOptions.Seed, TrainOptions.Quiet,
        .. RunOptions.Machine,
    ];

    public override int Run(OptionValues values, ToolConsole console)
    {
        Check(values);
        return new QuantizeRun(values, console).Run();
    }

    private static void Check(OptionValues values)
    {
        foreach (ToolOption<string> option in new[] { RunOptions.LoadModel, RunOptions.SaveModel })
        {
            if (values.Get(option).Length == 0)
            {
                throw new UsageException($"{option.Switch}=DIR is needed: dlrm quantize reads one model folder and writes another.");
            }
        }

        string load = values.Get(RunOptions.LoadModel);
        string save = values.Get(RunOptions.SaveModel);
        if (!Directory.Exists(load))
        {
            throw new UsageException($"--load-model={load}: there is no such folder.");
        }

        if (Path.GetFullPath(load) == Path.GetFullPath(save))
        {
            throw new UsageException($"--load-model and --save-model are both {load}: name another folder, the quantized model cannot be trained.");
        }

        ModelSaver.CheckTarget(save, RunOptions.SaveModel.Switch);
        bool auto = values.Get(PrecisionOptions.Auto);
        ToolOption? request = PrecisionOptions.Requests.FirstOrDefault(values.IsGiven);
        if (auto && request is not null)
        {
            throw new UsageException($"--quantize-auto chooses the bits, and {request.Switch} says them: leave one out.");
        }

        if (!auto && request is null)
        {
            throw new UsageException("Nothing says how many bits: add --quantize-emb-with-bit=8, --quantize-config=FILE or --quantize-auto.");
        }

        if (!auto && values.IsGiven(PrecisionOptions.MaxLossIncrease))
        {
            throw new UsageException("--max-loss-increase is for --quantize-auto, which is not given: add it, or leave the bound out.");
        }
    }
}
