using System.Security.Cryptography;
using System.Text;
using Dlrm.Cli.Options;
using Dlrm.Distributed;
using Dlrm.Kernels;
using Dlrm.Model;
using Dlrm.Mpi;

namespace Dlrm.Cli.Running;

/// <summary>What a run knows of the ranks that it shares its model with; a process on its own is a team of one.</summary>
/// <param name="values">The options.</param>
/// <param name="job">This process's job; null for a process on its own.</param>
internal sealed class RankTeam(OptionValues values, MpiJob? job)
{
    /// <summary>Bytes of a path that rank 0 tells.</summary>
    private const int PathBytes = 4096;

    /// <summary>True for the rank that prints, reports and writes what is not divided.</summary>
    public bool IsFirst => job is not { Communicator.Rank: > 0 };

    /// <summary>Ranks.</summary>
    public int Size => job?.Communicator.Size ?? 1;

    /// <summary>
    /// How ranks share the model; null for a process on its own, unless it shall give the bits that several ranks would.
    /// </summary>
    /// <exception cref="UsageException">The file of --plan cannot be read, or is none.</exception>
    public DistributedOptions? Options { get; } = job is null && values.Get(RankOptions.Deterministic) != "ranks" ? null : new DistributedOptions
    {
        Communicator = job is null ? LocalCommunicator.Alone() : job.Communicator,
        Plan = PlanOf(values),
        CommunicationFormat = values.Get(RankOptions.CommunicationType) switch
        {
            "bf16" => StorageFormat.BFloat16,
            "fp16" => StorageFormat.Float16,
            _ => StorageFormat.Float32,
        },
        Deterministic = values.Get(RankOptions.Deterministic) == "ranks",
    };

    /// <summary>Where the ranks are, for people; nothing for a process on its own.</summary>
    public IEnumerable<string> Lines => job is null
        ? []
        : [$"Ranks   {Size} on {string.Join(", ", job.Hosts.CountBy(host => host).Select(host => $"{host.Key} ({host.Value})"))}"];

    /// <summary>The options with what only the first rank does left out.</summary>
    /// <param name="all">The options.</param>
    public OptionValues Own(OptionValues all) => IsFirst
        ? all
        : all.With([new(SeeingOptions.TensorBoard, ""), new(SeeingOptions.Histograms, false)]);

    /// <summary>Refuses what several ranks cannot do, before data are read.</summary>
    /// <exception cref="UsageException">The message names the option and what to do instead.</exception>
    public void Check()
    {
        if (job is null)
        {
            return;
        }

        Refuse(values.Get(TrainOptions.DebugMode), TrainOptions.DebugMode, "no rank has all parameters to print: use one process");
        Refuse(values.IsGiven(SeeingOptions.Slices), SeeingOptions.Slices, "no rank has all lookups of a test: give it to dlrm evaluate with the saved model");
        Refuse(values.Get(RunOptions.SaveOnnx), RunOptions.SaveOnnx, "no rank has the whole model: use dlrm export on the saved one");
        Refuse(ForeignModel.IsNamed(values.Get(RunOptions.LoadModel)), RunOptions.LoadModel, "a rank reads its part of a model folder: make one with dlrm import");
        Refuse(values.Get(PrecisionOptions.Auto), PrecisionOptions.Auto, "no rank has the whole model: give it to dlrm quantize with the saved one");
        Refuse(
            ForeignModel.IsWritable(values.Get(RunOptions.SaveModel)), RunOptions.SaveModel, "no rank has the whole model: name a folder, and use dlrm export on it");
    }

    /// <summary>The run's folder: rank 0's choice, on all ranks. Others write beside it only what belongs to all.</summary>
    /// <param name="chosen">What this rank would take.</param>
    public RunFolder Folder(RunFolder chosen)
    {
        if (job is null)
        {
            return chosen;
        }

        byte[] bytes = new byte[PathBytes];
        if (IsFirst)
        {
            Encoding.UTF8.GetBytes(chosen.Path, bytes);
        }

        job.Communicator.Broadcast(bytes, 0);
        return IsFirst ? chosen : RunFolder.OfRank(Encoding.UTF8.GetString(bytes).TrimEnd('\0'), Directory.CreateTempSubdirectory("dlrm-rank-").FullName);
    }

    /// <summary>Compares what all ranks must have in common.</summary>
    /// <param name="data">The data.</param>
    /// <param name="config">The model.</param>
    /// <param name="resume">What the run goes on from; null for nothing.</param>
    /// <exception cref="RankDisagreementException">They differ; the message says where and in what.</exception>
    public void Agree(RunData data, DlrmConfig config, ResumePoint? resume)
    {
        if (job is null)
        {
            return;
        }

        var facts = new List<(string Name, string Value)>
        {
            ("the program's version", Tool.Version),
            ("the program's build", Build(typeof(Tool), typeof(DlrmModel), typeof(MpiJob))),
            ("the checkpoint's step", resume?.State?.Step.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"),
            ("the model", Short(config.ToJson())),
            ("the plan", Options!.Plan is { } plan ? Short(plan.ToJson()) : "contiguous"),
        };
        facts.AddRange(values.Set()
            .Where(entry => entry.Option != RunOptions.Threads && entry.Option != RunOptions.OutputDirectory)
            .Select(entry => (entry.Option.Switch, values.Text(entry.Option))));
        facts.AddRange(data.Facts.Where(fact => fact.Key != "file").Select(fact => ($"the data's {fact.Key}", fact.Value?.ToJsonString() ?? "null")));
        RankAgreement.Check(job.Communicator, facts);
    }

    /// <summary>A hash that a message can show.</summary>
    private static string Short(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    /// <summary>The same for two processes that run the same assemblies.</summary>
    private static string Build(params Type[] types) =>
        Short(string.Join(' ', types.Select(type => type.Assembly.ManifestModule.ModuleVersionId)));

    private static ShardPlan? PlanOf(OptionValues values)
    {
        string path = values.Get(RankOptions.Plan);
        if (path.Length == 0)
        {
            return null;
        }

        try
        {
            return ShardPlan.FromJson(File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            throw new UsageException($"{RankOptions.Plan.Switch}={path}: {exception.Message}");
        }
    }

    private void Refuse(bool given, ToolOption option, string instead)
    {
        if (given)
        {
            throw new UsageException($"{option.Switch} and {Size} ranks cannot go together: {instead}.");
        }
    }
}
