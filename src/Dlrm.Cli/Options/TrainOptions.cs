namespace Dlrm.Cli.Options;

/// <summary>How a model is trained and tested, and what is printed meanwhile.</summary>
internal static class TrainOptions
{
    public static readonly ToolOption<long> BatchSize = new(
        "mini-batch-size", OptionGroup.Training, new WholeNumber(1), 1, "samples of a step");

    public static readonly ToolOption<long> Epochs = new(
        "nepochs", OptionGroup.Training, new WholeNumber(1), 1, "passes over the data");

    public static readonly ToolOption<long> Batches = new(
        "num-batches", OptionGroup.Training, new WholeNumber(0), 0,
        "steps of an epoch, and batches of a test, at most", "0, all");

    public static readonly ToolOption<double> LearningRate = new(
        "learning-rate", OptionGroup.Training, new Number(0), 0.01, "the base rate");

    public static readonly ToolOption<string> Optimizer = new(
        "optimizer", OptionGroup.Training,
        new Choice([.. Dlrm.Optimizers.Optimizer.Names]),
        "sgd", "the update rule");

    public static readonly ToolOption<double> SparseLearningRate = new(
        "learning-rate-sparse", OptionGroup.Training, new Number(0), -1, "the base rate of the tables",
        "that of --learning-rate")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> Momentum = new(
        "momentum", OptionGroup.Training, new Number(0, 0.999999), 0, "momentum of sgd on the towers")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> WeightDecay = new(
        "weight-decay", OptionGroup.Training, new Number(0), 0, "so much of the towers' weights is added to their gradient")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> ClipGradientNorm = new(
        "clip-grad-norm", OptionGroup.Training, new Number(0), 0,
        "the towers' gradient is scaled down to this norm where it is longer", "0, never")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> FtrlBeta = new(
        "ftrl-beta", OptionGroup.Training, new Number(1e-9), 1, "ftrl: a coordinate's rate is the learning rate / (β + √Σg²)")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> FtrlL1 = new(
        "ftrl-l1", OptionGroup.Training, new Number(0), 0, "ftrl: the L1 penalty, which makes weights 0")
    {
        IsNew = true,
    };

    public static readonly ToolOption<double> FtrlL2 = new(
        "ftrl-l2", OptionGroup.Training, new Number(0), 0, "ftrl: the L2 penalty")
    {
        IsNew = true,
    };

    public static readonly ToolOption<string> Schedule = new(
        "lr-schedule", OptionGroup.Training,
        new Choice([.. Dlrm.Optimizers.LearningRateSchedule.Names]),
        "policy",
        "how the rate falls after the warm-up: as the reference's, not at all, as half a cosine (up to the last step "
        + "where --lr-num-decay-steps is 0), or to a tenth at the start and every --lr-num-decay-steps steps")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> WarmUpSteps = new(
        "lr-num-warmup-steps", OptionGroup.Training, new WholeNumber(0), 0, "the rate rises linearly over these first steps");

    public static readonly ToolOption<long> DecayStart = new(
        "lr-decay-start-step", OptionGroup.Training, new WholeNumber(0), 0, "the rate falls from this step on …");

    public static readonly ToolOption<long> DecaySteps = new(
        "lr-num-decay-steps", OptionGroup.Training, new WholeNumber(0), 0, "… quadratically, over so many steps");

    public static readonly ToolOption<long> Seed = new(
        "numpy-rand-seed", OptionGroup.Training, new WholeNumber(0, uint.MaxValue), 123,
        "the seed of weights, random data and shuffles");

    public static readonly ToolOption<string> NanPolicy = new(
        "nan-policy", OptionGroup.Training, new Choice("stop", "warn"), "stop",
        "what a loss that is NaN or infinite does: end the run before it changes the model, or warn once")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> GradientAccumulation = new(
        "mlperf-grad-accum-iter", OptionGroup.Training, new WholeNumber(1), 1,
        "batches whose gradients are summed for an update; rates count updates");

    public static readonly ToolOption<bool> SyncDense = new(
        "sync-dense-params", OptionGroup.Training, new Flag(), true, "no effect: it is about several GPUs");

    public static readonly ToolOption<bool> InferenceOnly = new(
        "inference-only", OptionGroup.Testing, new Flag(), false, "one test pass and no training, as dlrm evaluate");

    public static readonly ToolOption<long> TestFrequency = new(
        "test-freq", OptionGroup.Testing, new WholeNumber(), -1, "steps between tests; 0 or less for none", "-1, none");

    public static readonly ToolOption<long> TestBatchSize = new(
        "test-mini-batch-size", OptionGroup.Testing, new WholeNumber(), -1, "samples of a test batch",
        "-1, that of training");

    public static readonly ToolOption<long> TestWorkers = new(
        "test-num-workers", OptionGroup.Testing, new WholeNumber(), -1, "no effect, as --num-workers");

    public static readonly ToolOption<bool> MlperfLogging = new(
        "mlperf-logging", OptionGroup.Testing, new Flag(), false,
        "tests print recall, precision, F1, average precision and AUC; the best test is the one with the highest AUC");

    public static readonly ToolOption<double> AccuracyThreshold = new(
        "mlperf-acc-threshold", OptionGroup.Testing, new Number(), 0,
        "with --mlperf-logging: training ends when a test exceeds this accuracy", "0, never");

    public static readonly ToolOption<double> AucThreshold = new(
        "mlperf-auc-threshold", OptionGroup.Testing, new Number(), 0,
        "with --mlperf-logging: training ends when a test exceeds this AUC", "0, never");

    public static readonly ToolOption<long> PrintFrequency = new(
        "print-freq", OptionGroup.Printing, new WholeNumber(1), 1, "steps between lines about the training loss");

    public static readonly ToolOption<bool> PrintTime = new(
        "print-time", OptionGroup.Printing, new Flag(), false, "the lines hold the time of a step, not -1.00");

    public static readonly ToolOption<bool> PrintWallTime = new(
        "print-wall-time", OptionGroup.Printing, new Flag(), false, "the lines end with the time of day");

    public static readonly ToolOption<bool> Quiet = new(
        "quiet", OptionGroup.Printing, new Flag(), false, "print warnings and errors only")
    {
        IsNew = true,
    };

    public static readonly ToolOption<long> PrintPrecision = new(
        "print-precision", OptionGroup.Printing, new WholeNumber(0, 20), 5, "with --debug-mode: digits of a parameter after the point");

    public static readonly ToolOption<bool> DebugMode = new(
        "debug-mode", OptionGroup.Printing, new Flag(), false,
        "print the architecture, the data and all parameters, as the reference does; the data are drawn before the parameters then");

    public static readonly ToolOption<bool> Profiling = new(
        "enable-profiling", OptionGroup.Printing, new Flag(), false,
        "print the time by stage and layer at the end, and write profile.txt and trace.json (for ui.perfetto.dev)");

    public static readonly ToolOption<bool> PlotGraph = new(
        "plot-compute-graph", OptionGroup.Printing, new Flag(), false,
        "draw the model with shapes and parameters: model.svg in the output folder");

    public static IReadOnlyList<ToolOption> Training { get; } =
    [
        BatchSize, Epochs, Batches, LearningRate, SparseLearningRate, Optimizer, Momentum, WeightDecay, ClipGradientNorm,
        FtrlBeta, FtrlL1, FtrlL2, Schedule, WarmUpSteps, DecayStart, DecaySteps, Seed, NanPolicy, GradientAccumulation, SyncDense,
    ];

    public static IReadOnlyList<ToolOption> Testing { get; } =
    [
        TestFrequency, TestBatchSize, TestWorkers, InferenceOnly, MlperfLogging, AccuracyThreshold, AucThreshold,
    ];

    public static IReadOnlyList<ToolOption> Printing { get; } =
        [PrintFrequency, PrintTime, PrintWallTime, Quiet, PrintPrecision, DebugMode, Profiling, PlotGraph];
}
