using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Random;

namespace Dlrm.Model;

/// <summary>
/// The deep learning recommendation model (Naumov et al. 2019, arXiv 1906.00091): towers, tables, interaction, loss.
/// </summary>
/// <remarks>
/// <para>
/// Letters: B samples, M dense features, F features that interact, D embedding_dim, W interaction width. The graph is
/// fixed, so every layer has an explicit forward and backward over buffers kept from step to step:
/// dense (B, M) → bottom tower → features (B, F·D), slot 0; lookups → pooled bags → features, slots 1 … F−1;
/// features → interaction (B, W) → top tower → logits (B) → loss. A step allocates no managed memory once a batch of
/// that size has been seen.
/// </para>
/// <para>One thread at a time; the engine divides each stage among its workers.</para>
/// </remarks>
public sealed partial class DlrmModel : IDisposable
{
    private const long DefaultSeed = 123;

    /// <summary>Streams of <see cref="Kernels.CounterKey"/>: below 2³² tables', then the layers of each tower.</summary>
    private const long BottomStream = 1L << 32;

    private const long TopStream = BottomStream + (1L << 16);

    private readonly Mlp _bottom;
    private readonly EmbeddingTables _tables;
    private readonly Interaction _interaction;
    private readonly Mlp _top;
    private readonly Parameter[] _dense; // of towers and interaction
    private readonly Loss _loss;
    private readonly Activations _activations;
    private GradientAccumulator? _accumulator;
    private Batch? _forwarded;

    /// <summary>Builds a model with all parameters zero: follow with <see cref="Initialize"/> or load values.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="engine">What to compute with; the caller keeps and disposes of it.</param>
    /// <param name="optimizer">The update rule, e.g. <c>sgd</c>; null for a model that only predicts.</param>
    /// <param name="options">What the update rule takes besides; null for the defaults.</param>
    /// <param name="distributed">How several ranks share it, each with a model of its own; null for one process.</param>
    /// <exception cref="ArgumentException">The config contradicts itself, or ranks cannot share it so.</exception>
    /// <exception cref="InsufficientMemoryException">It cannot fit this machine's memory; nothing was allocated.</exception>
    public DlrmModel(
        DlrmConfig config,
        Engine engine,
        string? optimizer = "sgd",
        OptimizerOptions? options = null,
        DistributedOptions? distributed = null)
    {
        config.Validate();
        RefuseToTrainQuantized(config, optimizer);
        if (distributed is null)
        {
            RefuseWhatCannotFit(config, optimizer);
        }

        Config = config;
        Engine = engine;
        Stages = new StageTimes(engine);
        bool training = optimizer is not null;
        if (distributed is not null)
        {
            Distribution = distributed;
            Parallel = new HybridParallelism(config, engine, distributed, optimizer, options);
        }

        _tables = Parallel?.Tables
            ?? new EmbeddingTables(engine, [.. TableLayout.Of(config).Select(layout => layout.Create(engine, training))]);
        StorageFormat towers = config.Precision.TowerFormat;
        _bottom = new Mlp(
            engine, "bot_l", config.BottomMlp.ToArray(), logitOutput: false, training, towers, config.Tower, BottomStream);
        _interaction = config.CreateInteraction();
        _interaction.Allocate(engine, training);
        _top = new Mlp(engine, "top_l", config.TopWidths(), logitOutput: true, training, towers, config.Tower, TopStream);
        _loss = config.CreateLoss();
        _activations = new Activations(config.Features * config.FeatureDimension, _interaction, training);
        _dense = [.. _bottom.Parameters, .. _interaction.Parameters, .. _top.Parameters];
        Parameters =
        [
            .. Parallel?.TableParameters ?? _tables.Parameters, .. _bottom.Parameters, .. _interaction.Parameters, .. _top.Parameters, .. _bottom.Buffers, .. _top.Buffers,
        ];
        if (optimizer is not null)
        {
            Optimizer = Optimizer.Create(
                optimizer,
                engine,
                [.. _tables.DenseParameters, .. _dense],
                Parallel?.SparseParameters ?? _tables.SparseParameters,
                options);
            Parallel?.Train(_dense, Optimizer.Sparse);
            if (options is { AverageDecay: > 0 })
            {
                Average = new WeightAverage(this, options.AverageDecay);
                Optimizer.Add(Average.States);
            }
        }

        if (Parallel is not null)
        {
            MarkAsShared();
        }
    }

    /// <summary>The architecture.</summary>
    public DlrmConfig Config { get; }

    /// <summary>What the model computes with.</summary>
    public Engine Engine { get; }

    /// <summary>
    /// All that is saved, in the reference's order: the parameters of tables, bottom tower, interaction and top tower; then
    /// the running statistics of batch normalization, which no optimizer touches.
    /// </summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The update rule with its state; null for a model that only predicts.</summary>
    public Optimizer? Optimizer { get; }

    /// <summary>The average of its parameters over training; null without one (<see cref="OptimizerOptions.AverageDecay"/>).</summary>
    public WeightAverage? Average { get; }

    /// <summary>
    /// Updates done so far. With <see cref="RandomSeed"/> it decides what a step draws at random (dropout, stochastic
    /// rounding), so set both when training resumes.
    /// </summary>
    public long StepNumber { get; set; }

    /// <summary>What else decides a step's random draws; the reference's default seed until set.</summary>
    public long RandomSeed { get; set; } = DefaultSeed;

    /// <summary>How ranks share the model; null in one process.</summary>
    public DistributedOptions? Distribution { get; }

    /// <summary>What the step has besides on several ranks; null in one process, where it costs nothing.</summary>
    internal HybridParallelism? Parallel { get; }

    /// <summary>The embedding tables; on several ranks this rank's parts.</summary>
    internal EmbeddingTables Tables => _tables;

    /// <summary>Time by stage.</summary>
    public StageTimes Stages { get; }

    /// <summary>Floating-point operations of the towers and the interaction in one forward pass.</summary>
    /// <param name="batch">B.</param>
    public long ForwardFlops(int batch) =>
        _bottom.ForwardFlops(batch) + (batch * _interaction.FlopsPerSample) + _top.ForwardFlops(batch);

    /// <summary>Gives every parameter the value that the reference gives it from these generators.</summary>
    /// <param name="random">Seeded (and perhaps advanced by a data set) as in the reference.</param>
    /// <param name="torch">
    /// PyTorch's generator, seeded with the same number; null for one seeded with 123, the reference's default. Only
    /// tables that are not full take values from it.
    /// </param>
    public void Initialize(NumpyRandom random, TorchRandom? torch = null)
    {
        using ShardInitializer? shards = Parallel is null ? null : new ShardInitializer(Parallel, Engine);
        ParameterInitializer.Initialize(
            random,
            torch ?? new TorchRandom(DefaultSeed),
            shards?.Tables ?? _tables.Tables,
            _bottom.LinearParameters,
            _interaction,
            _top.LinearParameters);
        _bottom.InitializeNormalization();
        _top.InitializeNormalization();
        ParametersChanged();
    }

    /// <summary>To be called after parameters were written from outside.</summary>
    public void ParametersChanged()
    {
        _bottom.ParametersChanged();
        _interaction.ParametersChanged();
        _top.ParametersChanged();
    }

    /// <summary>The largest magnitudes of the last forward pass, for the message about a loss that is not finite.</summary>
    /// <param name="batch">The batch of that pass.</param>
    public string DescribeActivations(Batch batch) => _activations.Describe(batch, Config);

    /// <summary>Gives all memory back.</summary>
    public void Dispose()
    {
        _tables.Dispose();
        _bottom.Dispose();
        _interaction.Dispose();
        _top.Dispose();
        _accumulator?.Dispose();
        _activations.Dispose();
        Parallel?.Dispose();
        Optimizer?.Dispose();
        Average?.Dispose();
    }

    private static void RefuseToTrainQuantized(DlrmConfig config, string? optimizer)
    {
        if (optimizer is not null && config.Precision.IsQuantized)
        {
            throw new ArgumentException(
                $"This model is quantized ({config.Precision}): it predicts, and cannot be trained. Train the model that it was made "
                + "from, and quantize that again (dlrm quantize); to save memory in training use --embedding-dtype=bf16.");
        }
    }

    private static void RefuseWhatCannotFit(DlrmConfig config, string? optimizer)
    {
        long state = optimizer is null ? 0 : sizeof(float) * config.ParameterCount * Optimizer.StateCopies(optimizer);
        long needed = config.EstimateBytes(batch: 1, training: optimizer is not null) + state;
        long available = SystemMemory.AvailableBytes;
        if (needed <= available)
        {
            return;
        }

        TableLayout largest = TableLayout.Of(config).MaxBy(layout => layout.ParameterCount)!;
        throw new InsufficientMemoryException(
            $"The model needs {SystemMemory.Describe(needed)}{OfWhichState(state)}, this process may use {SystemMemory.Describe(available)}. "
            + $"The largest table, {largest.Number}, takes {SystemMemory.Describe(largest.Bytes)} "
            + $"({largest.Rows:N0} rows, kept as {largest.Shape}): lower --max-ind-range or --arch-sparse-feature-size.");
    }

    private static string OfWhichState(long bytes) =>
        bytes == 0 ? "" : $" ({SystemMemory.Describe(bytes)} of it the optimizer's state)";
}
