namespace Dlrm.Cli.Options;

/// <summary>What a run reads and writes, and what it computes with.</summary>
internal static class RunOptions
{
    public static readonly ToolOption<string> Config = new(
        "config", OptionGroup.Files, new Text("FILE.json"), "",
        "options from a file, e.g. {\"mini-batch-size\": 128}, or a run's config.json; the command line wins")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> OutputDirectory = new(
        "output-dir", OptionGroup.Files, new Text("DIR"), "",
        "receives config.json, metrics.jsonl, curves.json, model/ and report.html", "runs/<time>")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> SaveModel = new(
        "save-model", OptionGroup.Files, new Text("DIR"), "",
        "a folder, or a .pt file for PyTorch, that also receives the model of the best test so far");

    public static readonly ToolOption<string> LoadModel = new(
        "load-model", OptionGroup.Files, new Text("DIR"), "", "a model folder to start from, or a file of PyTorch (.pt)");

    public static readonly ToolOption<string> Format = new(
        "format", OptionGroup.Printing, new Choice("text", "json"), "text", "a table for people, or one JSON object")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> SaveOnnx = new(
        "save-onnx", OptionGroup.Files, new Flag(), false,
        "also write the model, in the end, to dlrm_s_pytorch.onnx in the present folder, as the reference does (dlrm export writes it elsewhere)");

    public static readonly ToolOption<long> Threads = new(
        "num-threads", OptionGroup.Machine, new WholeNumber(0, 1024), 0,
        "threads to compute with; any number gives the same bits", "the cores the process may use")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> InstructionSet = new(
        "isa", OptionGroup.Machine, new Choice("auto", "portable", "vector128", "avx2", "avx512"), "auto",
        "instruction set; each gives the same bits", "auto, what DLRM_ISA names or the fastest here")
    {
        IsNew = true,
    };

    public static readonly ToolOption<bool> UseGpu = new(
        "use-gpu", OptionGroup.Machine, new Flag(), false, "compute on GPUs")
    {
        NotYet = "Leave it out: computing is on the processor.",
    };

    public static readonly ToolOption<long> LocalRank = new(
        "local_rank", OptionGroup.Machine, new WholeNumber(), -1, "the process's number on its machine", "-1, alone")
    {
        NotYet = "Leave it out: a run is one process with --num-threads threads.",
    };

    public static readonly ToolOption<string> DistributedBackend = new(
        "dist-backend", OptionGroup.Machine, new Text("NAME"), "", "how processes talk to one another")
    {
        NotYet = "Leave it out: a run is one process with --num-threads threads.",
    };

    public static IReadOnlyList<ToolOption> Machine { get; } = [Threads, InstructionSet, UseGpu, LocalRank, DistributedBackend];

    public static IReadOnlyList<ToolOption> Files { get; } =
        [Config, OutputDirectory, SaveModel, LoadModel, .. SeeingOptions.Files, SaveOnnx];
}
