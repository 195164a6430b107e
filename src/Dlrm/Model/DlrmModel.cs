using Dlrm.Data;
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
public sealed class DlrmModel : IDisposable
{
    private const long DefaultSeed = 123;

    private readonly Mlp _bottom;
    private readonly EmbeddingTables _tables;
    private readonly Interaction _interaction;
    private readonly Mlp _top;
    private readonly Loss _loss;
    private readonly Activations _activations;
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
        RefuseWhatCannotFit(config, optimizer);
        Config = config;
        Engine = engine;
        bool training = optimizer is not null;
        _tables = new EmbeddingTables(engine, [.. TableLayout.Of(config).Select(layout => layout.Create(engine, training))]);
        _bottom = new Mlp(engine, "bot_l", config.BottomMlp.ToArray(), logitOutput: false, training);
        _interaction = config.CreateInteraction();
        _top = new Mlp(engine, "top_l", config.TopWidths(), logitOutput: true, training);
        _loss = config.CreateLoss();
        _activations = new Activations(config.Features * config.FeatureDimension, _interaction, training);
        Parameters = [.. _tables.Parameters, .. _bottom.Parameters, .. _top.Parameters];
        if (optimizer is not null)
        {
            Optimizer = Optimizer.Create(
                optimizer,
                engine,
                [.. _tables.DenseParameters, .. _bottom.Parameters, .. _top.Parameters],
                _tables.SparseParameters,
                options);
        }
    }

    /// <summary>The architecture.</summary>
    public DlrmConfig Config { get; }

    /// <summary>What the model computes with.</summary>
    public Engine Engine { get; }

    /// <summary>All parameters in the reference's order: tables, bottom tower, top tower.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The update rule with its state; null for a model that only predicts.</summary>
    public Optimizer? Optimizer { get; }

    /// <summary>Time by stage.</summary>
    public StageTimes Stages { get; } = new();

    /// <summary>Floating-point operations of the towers and the interaction in one forward pass.</summary>
    /// <param name="batch">B.</param>
    public long ForwardFlops(int batch) => _bottom.ForwardFlops(batch) + _top.ForwardFlops(batch);

    /// <summary>Gives every parameter the value that the reference gives it from these generators.</summary>
    /// <param name="random">Seeded (and perhaps advanced by a data set) as in the reference.</param>
    /// <param name="torch">
    /// PyTorch's generator, seeded with the same number; null for one seeded with 123, the reference's default. Only
    /// tables that are not full take values from it.
    /// </param>
    public void Initialize(NumpyRandom random, TorchRandom? torch = null)
    {
        ParameterInitializer.Initialize(
            random, torch ?? new TorchRandom(DefaultSeed), _tables.Tables, _bottom.Parameters, _top.Parameters);
        ParametersChanged();
    }

    /// <summary>To be called after parameters were written from outside.</summary>
    public void ParametersChanged()
    {
        _bottom.ParametersChanged();
        _top.ParametersChanged();
    }

    /// <summary>Scores a batch.</summary>
    /// <param name="batch">Labels are not looked at.</param>
    /// <returns>Probabilities (B), valid until the next call.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    public ReadOnlySpan<float> Predict(Batch batch)
    {
        ForwardToLogits(batch);
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
        ForwardToLogits(batch);
        float loss = _loss.ComputeWeighted(
            Engine, _activations.Logits, batch.Labels, batch.Weights, _activations.Probabilities, _activations.LogitGradient);
        Stages.End(Stage.Loss);
        _forwarded = batch;
        return loss;
    }

    /// <summary>Probabilities of the last forward pass, (B).</summary>
    public ReadOnlySpan<float> Probabilities => _activations.Probabilities;

    /// <summary>Propagates the last loss back and takes one optimizer step.</summary>
    /// <param name="learningRate">The step's rate for the towers.</param>
    /// <param name="sparseLearningRate">The same for the tables; null for the same rate.</param>
    /// <exception cref="InvalidOperationException">No loss was computed before, or the model was built to predict.</exception>
    public void BackwardAndUpdate(float learningRate, float? sparseLearningRate = null)
    {
        Batch batch = _forwarded ?? throw new InvalidOperationException("BackwardAndUpdate needs a ForwardLoss before it.");
        Optimizer optimizer = Optimizer
            ?? throw new InvalidOperationException("This model was built without an optimizer: it only predicts.");

        _forwarded = null;
        Activations a = _activations;
        int dimension = Config.FeatureDimension;
        Stages.Begin();
        _top.Backward(a.Interacted, a.LogitColumn, a.LogitGradientColumn, a.InteractedGradient);
        Stages.End(Stage.TopBackward);
        if (!_interaction.IsIdentity)
        {
            _interaction.Backward(Engine, a.Features, a.InteractedGradient, a.FeatureGradient);
        }

        Stages.End(Stage.InteractionBackward);
        _bottom.Backward(
            batch.DenseMatrix,
            a.Features.ColumnRange(0, dimension),
            a.FeatureGradient.ColumnRange(0, dimension),
            inputGradient: default);
        Stages.End(Stage.BottomBackward);
        _tables.Backward(a.FeatureGradient, batch.Size);
        Stages.End(Stage.EmbeddingUpdate);
        optimizer.Dense.Update(Engine, learningRate);
        ParametersChanged();
        Stages.End(Stage.DenseUpdate);
        _tables.SortLookups(batch);
        _tables.Update(a.FeatureGradient, optimizer.Sparse, sparseLearningRate ?? learningRate);
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
        _top.Dispose();
        _activations.Dispose();
        Optimizer?.Dispose();
    }

    private void ForwardToLogits(Batch batch)
    {
        if (batch.DenseFeatures != Config.DenseFeatures || batch.Tables != Config.TableRows.Count)
        {
            throw new ArgumentException(
                $"The batch has {batch.DenseFeatures} dense features and {batch.Tables} tables; the model takes "
                + $"{Config.DenseFeatures} and {Config.TableRows.Count}.",
                nameof(batch));
        }

        Stages.Begin();
        _tables.Validate(batch);
        Stages.End(Stage.Validate);
        _activations.Resize(batch.Size);
        _bottom.Reserve(batch.Size);
        _top.Reserve(batch.Size);
        Activations a = _activations;
        _bottom.Forward(batch.DenseMatrix, a.Features.ColumnRange(0, Config.FeatureDimension));
        Stages.End(Stage.BottomForward);
        _tables.Forward(batch, a.Features);
        Stages.End(Stage.EmbeddingForward);
        if (!_interaction.IsIdentity)
        {
            _interaction.Forward(Engine, a.Features, a.Interacted);
        }

        Stages.End(Stage.InteractionForward);
        _top.Forward(a.Interacted, a.LogitColumn);
        Stages.End(Stage.TopForward);
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
            + $"The largest table, {largest.Number}, takes {SystemMemory.Describe(sizeof(float) * largest.ParameterCount)} "
            + $"({largest.Rows:N0} rows, kept as {largest.Shape}): lower --max-ind-range or --arch-sparse-feature-size.");
    }

    private static string OfWhichState(long bytes) =>
        bytes == 0 ? "" : $" ({SystemMemory.Describe(bytes)} of it the optimizer's state)";
}
