using Dlrm.Data;
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
    private readonly Loss _loss;
    private readonly Activations _activations;
    private GradientAccumulator? _accumulator;
    private Batch? _forwarded;

    /// <summary>Builds a model with all parameters zero: follow with <see cref="Initialize"/> or load values.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="engine">What to compute with; the caller keeps and disposes of it.</param>
    /// <param name="optimizer">The update rule, e.g. <c>sgd</c>; null for a model that only predicts.</param>
    /// <param name="options">What the update rule takes besides; null for the defaults.</param>
    /// <exception cref="ArgumentException">The config contradicts itself.</exception>
    /// <exception cref="InsufficientMemoryException">It cannot fit this machine's memory; nothing was allocated.</exception>
    public DlrmModel(DlrmConfig config, Engine engine, string? optimizer = "sgd", OptimizerOptions? options = null)
    {
        config.Validate();
        RefuseToTrainQuantized(config, optimizer);
        RefuseWhatCannotFit(config, optimizer);
        Config = config;
        Engine = engine;
        Stages = new StageTimes(engine);
        bool training = optimizer is not null;
        _tables = new EmbeddingTables(engine, [.. TableLayout.Of(config).Select(layout => layout.Create(engine, training))]);
        StorageFormat towers = config.Precision.TowerFormat;
        _bottom = new Mlp(
            engine, "bot_l", config.BottomMlp.ToArray(), logitOutput: false, training, towers, config.Tower, BottomStream);
        _interaction = config.CreateInteraction();
        _interaction.Allocate(engine, training);
        _top = new Mlp(engine, "top_l", config.TopWidths(), logitOutput: true, training, towers, config.Tower, TopStream);
        _loss = config.CreateLoss();
        _activations = new Activations(config.Features * config.FeatureDimension, _interaction, training);
        Parameters =
        [
            .. _tables.Parameters, .. _bottom.Parameters, .. _interaction.Parameters, .. _top.Parameters, .. _bottom.Buffers, .. _top.Buffers,
        ];
        if (optimizer is not null)
        {
            Optimizer = Optimizer.Create(
                optimizer,
                engine,
                [.. _tables.DenseParameters, .. _bottom.Parameters, .. _interaction.Parameters, .. _top.Parameters],
                _tables.SparseParameters,
                options);
            if (options is { AverageDecay: > 0 })
            {
                Average = new WeightAverage(this, options.AverageDecay);
                Optimizer.Add(Average.States);
            }
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

    /// <summary>The embedding tables.</summary>
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
        ParameterInitializer.Initialize(
            random, torch ?? new TorchRandom(DefaultSeed), _tables.Tables, _bottom.LinearParameters, _interaction, _top.LinearParameters);
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

    /// <summary>Scores a batch.</summary>
    /// <param name="batch">Labels are not looked at.</param>
    /// <returns>Probabilities (B), valid until the next call.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    public ReadOnlySpan<float> Predict(Batch batch)
    {
        ForwardToLogits(batch, default);
        _loss.Predict(Engine, _activations.Logits, _activations.Probabilities);
        Stages.End(Stage.Loss);
        return _activations.Probabilities;
    }

    /// <summary>Scores a batch and computes the loss; <see cref="BackwardAndUpdate"/> may follow.</summary>
    /// <param name="batch">With labels. It must stay as it is until the update.</param>
    /// <returns>The mean loss over the batch.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    public float ForwardLoss(Batch batch)
    {
        var pass = new TowerPass(Optimizer is not null, RandomSeed, StepNumber, _accumulator?.Samples ?? 0);
        ForwardToLogits(batch, pass);
        float loss = _loss.ComputeWeighted(
            Engine, _activations.Logits, batch.Labels, batch.Weights, _activations.Probabilities, _activations.LogitGradient);
        Stages.End(Stage.Loss);
        _forwarded = batch;
        return loss;
    }

    /// <summary>Scores a batch as <see cref="Predict"/> does and computes the loss; nothing can follow.</summary>
    /// <param name="batch">With labels.</param>
    /// <returns>The mean loss over the batch; <see cref="Probabilities"/> has the scores.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    public float EvaluateLoss(Batch batch)
    {
        ForwardToLogits(batch, default);
        float loss = _loss.ComputeWeighted(
            Engine, _activations.Logits, batch.Labels, batch.Weights, _activations.Probabilities, _activations.LogitGradient);
        Stages.End(Stage.Loss);
        return loss;
    }

    /// <summary>Probabilities of the last forward pass, (B).</summary>
    public ReadOnlySpan<float> Probabilities => _activations.Probabilities;

    /// <summary>Batches whose gradients wait for an update: calls of <see cref="BackwardAndAccumulate"/> since the last.</summary>
    public int AccumulatedBatches { get; private set; }

    /// <summary>Propagates the last loss back and takes one optimizer step, along all gradients that have accumulated.</summary>
    /// <param name="learningRate">The step's rate for the towers.</param>
    /// <param name="sparseLearningRate">The same for the tables; null for the same rate.</param>
    /// <exception cref="InvalidOperationException">No loss was computed before, or the model was built to predict.</exception>
    public void BackwardAndUpdate(float learningRate, float? sparseLearningRate = null)
    {
        if (AccumulatedBatches > 0)
        {
            BackwardAndAccumulate();
            UpdateFromAccumulated(learningRate, sparseLearningRate ?? learningRate);
            return;
        }

        Batch batch = TakeForwarded();
        Backward(batch);
        _tables.Backward(_activations.FeatureGradient, batch.Size);
        Stages.End(Stage.EmbeddingUpdate);
        Optimizer!.Dense.Update(Engine, learningRate);
        ParametersChanged();
        Stages.End(Stage.DenseUpdate);
        _tables.SortLookups(batch);
        Optimizer.Sparse.RoundWith(RandomSeed, StepNumber);
        _tables.Update(_activations.FeatureGradient, Optimizer.Sparse, sparseLearningRate ?? learningRate);
        StepNumber++;
        Average?.Update(StepNumber);
        Stages.End(Stage.EmbeddingUpdate);
    }

    /// <summary>
    /// Propagates the last loss back and adds its gradients to what has accumulated; nothing changes until
    /// <see cref="BackwardAndUpdate"/>. The sum of the mean losses' gradients over N batches of one size is N times the
    /// gradient of one batch of N times the size.
    /// </summary>
    /// <exception cref="InvalidOperationException">No loss was computed before, or the model was built to predict.</exception>
    public void BackwardAndAccumulate()
    {
        Batch batch = TakeForwarded();
        Backward(batch);
        _accumulator ??= new GradientAccumulator(
            Config.TableRows.Count, Config.Features * Config.FeatureDimension, _tables.HasCompound);
        _accumulator.Add(batch, _activations.FeatureGradient);
        AccumulatedBatches++;
        Stages.End(Stage.EmbeddingUpdate);
    }

    /// <summary>One training step: forward, loss, backward, update.</summary>
    /// <param name="batch">With labels.</param>
    /// <param name="learningRate">The step's rate.</param>
    /// <returns>The mean loss over the batch, before the update.</returns>
    public float TrainStep(Batch batch, float learningRate)
    {
        float loss = ForwardLoss(batch);
        BackwardAndUpdate(learningRate);
        return loss;
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
        Optimizer?.Dispose();
        Average?.Dispose();
    }

    private void ForwardToLogits(Batch batch, in TowerPass pass)
    {
        if (batch.DenseFeatures != Config.DenseFeatures || batch.Tables != Config.TableRows.Count)
        {
            throw new ArgumentException(
                $"The batch has {batch.DenseFeatures} dense features and {batch.Tables} tables; the model takes "
                + $"{Config.DenseFeatures} and {Config.TableRows.Count}.",
                nameof(batch));
        }

        _forwarded = null;
        Stages.Begin();
        _tables.Validate(batch);
        Stages.End(Stage.Validate);
        _activations.Resize(batch.Size);
        _bottom.Reserve(batch.Size);
        _interaction.Reserve(batch.Size);
        _top.Reserve(batch.Size);
        Activations a = _activations;
        _bottom.ForwardPass(batch.DenseMatrix, a.Features.ColumnRange(0, Config.FeatureDimension), pass);
        Stages.End(Stage.BottomForward);
        _tables.Forward(batch, a.Features);
        Stages.End(Stage.EmbeddingForward);
        if (!_interaction.IsIdentity)
        {
            _interaction.Forward(Engine, a.Features, a.Interacted);
        }

        Stages.End(Stage.InteractionForward);
        _top.ForwardPass(a.Interacted, a.LogitColumn, pass);
        Stages.End(Stage.TopForward);
    }

    private Batch TakeForwarded()
    {
        Batch batch = _forwarded ?? throw new InvalidOperationException("BackwardAndUpdate needs a ForwardLoss before it.");
        if (Optimizer is null)
        {
            throw new InvalidOperationException("This model was built without an optimizer: it only predicts.");
        }

        _forwarded = null;
        return batch;
    }

    /// <summary>The gradients of towers and interaction, and those of the features, of the last forward pass.</summary>
    private void Backward(Batch batch)
    {
        Activations a = _activations;
        int dimension = Config.FeatureDimension;
        bool accumulate = AccumulatedBatches > 0;
        Stages.Begin();
        _top.Backward(a.Interacted, a.LogitColumn, a.LogitGradientColumn, a.InteractedGradient, accumulate);
        Stages.End(Stage.TopBackward);
        if (!_interaction.IsIdentity)
        {
            _interaction.AccumulatesGradients = accumulate;
            _interaction.Backward(Engine, a.Features, a.InteractedGradient, a.FeatureGradient);
        }

        Stages.End(Stage.InteractionBackward);
        _bottom.Backward(
            batch.DenseMatrix,
            a.Features.ColumnRange(0, dimension),
            a.FeatureGradient.ColumnRange(0, dimension),
            inputGradient: default,
            accumulate);
        Stages.End(Stage.BottomBackward);
    }

    /// <summary>The tables take the step of one batch that holds all batches' lookups.</summary>
    private void UpdateFromAccumulated(float learningRate, float sparseLearningRate)
    {
        GradientAccumulator all = _accumulator!;
        Stages.Begin();
        if (_tables.HasCompound)
        {
            // What such tables keep of a forward pass, for all batches: their parameters have not changed since.
            _tables.Forward(all.Lookups, all.Features);
        }

        _tables.Backward(all.FeatureGradient, all.Samples);
        Stages.End(Stage.EmbeddingUpdate);
        Optimizer!.Dense.Update(Engine, learningRate);
        ParametersChanged();
        Stages.End(Stage.DenseUpdate);
        _tables.SortLookups(all.Lookups);
        Optimizer.Sparse.RoundWith(RandomSeed, StepNumber);
        _tables.Update(all.FeatureGradient, Optimizer.Sparse, sparseLearningRate);
        all.Clear();
        AccumulatedBatches = 0;
        StepNumber++;
        Average?.Update(StepNumber);
        Stages.End(Stage.EmbeddingUpdate);
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
