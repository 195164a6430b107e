using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Model;

/// <content>The step: forward, loss, backward, update.</content>
public sealed partial class DlrmModel
{
    /// <summary>Probabilities of the last forward pass, (B).</summary>
    public ReadOnlySpan<float> Probabilities => _activations.Probabilities;

    /// <summary>Batches whose gradients wait for an update: calls of <see cref="BackwardAndAccumulate"/> since the last.</summary>
    public int AccumulatedBatches { get; private set; }

    /// <summary>Scores a batch.</summary>
    /// <param name="batch">Labels are not looked at. On several ranks, this rank's part.</param>
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
    /// <param name="batch">With labels. It must stay as it is until the update. On several ranks, this rank's part.</param>
    /// <returns>The mean loss over the batch, on several ranks over all parts.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    public float ForwardLoss(Batch batch)
    {
        var pass = new TowerPass(
            Optimizer is not null, RandomSeed, StepNumber, (_accumulator?.Samples ?? 0) + batch.FirstSample);
        float loss = Parallel is { Shards: not null } parallel ? ForwardBackwardShards(parallel, batch, pass) : ForwardMeanLoss(batch, pass);
        _forwarded = batch;
        return loss;
    }

    /// <summary>Scores a batch as <see cref="Predict"/> does and computes the loss; nothing can follow.</summary>
    /// <param name="batch">With labels. On several ranks, this rank's part.</param>
    /// <returns>The mean loss over the batch; <see cref="Probabilities"/> has the scores.</returns>
    /// <exception cref="LookupException">An index lies outside its table; nothing was computed.</exception>
    public float EvaluateLoss(Batch batch) => ForwardMeanLoss(batch, default);

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
        Backward(batch, accumulates: false);
        MatrixView gradient = TableGradient();
        Batch lookups = Parallel?.Lookups ?? batch;
        _tables.Backward(gradient, lookups.Size);
        Stages.End(Stage.EmbeddingUpdate);
        FinishReduction();
        Optimizer!.Dense.Update(Engine, learningRate);
        ParametersChanged();
        Stages.End(Stage.DenseUpdate);
        UpdateTables(lookups, gradient, sparseLearningRate ?? learningRate);
    }

    /// <summary>
    /// Propagates the last loss back and adds its gradients to what has accumulated; nothing changes until
    /// <see cref="BackwardAndUpdate"/>. The sum of the mean losses' gradients over N batches of one size is N times the
    /// gradient of one batch of N times the size.
    /// </summary>
    /// <exception cref="InvalidOperationException">No loss was computed before, or the model was built to predict.</exception>
    /// <exception cref="NotSupportedException">Sums over the batch are taken over virtual shards, which do not accumulate.</exception>
    public void BackwardAndAccumulate()
    {
        if (Parallel is { IsDeterministic: true })
        {
            throw new NotSupportedException(
                "--deterministic=ranks takes the sums of one batch in a fixed tree; with --mlperf-grad-accum-iter there would be several: "
                + "leave one of the two out.");
        }

        Batch batch = TakeForwarded();
        Backward(batch, accumulates: true);
        MatrixView gradient = TableGradient();
        _accumulator ??= new GradientAccumulator(
            Config.TableRows.Count, Parallel?.TableGradientWidth ?? (Config.Features * Config.FeatureDimension), _tables.HasCompound);
        _accumulator.Add(Parallel?.Lookups ?? batch, gradient);
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

    private float ForwardMeanLoss(Batch batch, in TowerPass pass)
    {
        ForwardToLogits(batch, pass);
        double sum = Parallel is { IsDeterministic: true } byShard
            ? SumLossesByShard(byShard, batch)
            : SumLosses(batch, 0, batch.Size);
        Stages.End(Stage.Loss);
        if (Parallel is { IsDeterministic: false } parallel)
        {
            sum = parallel.Agree(sum);
            Stages.End(Stage.ReductionWait);
        }

        return (float)(sum / batch.WholeSize);
    }

    /// <summary>Σ weight · loss over samples [first, first + count), with probabilities and gradients.</summary>
    private double SumLosses(Batch batch, int first, int count) => _loss.Sum(
        Engine,
        _activations.Logits.Slice(first, count),
        batch.Labels.Slice(first, count),
        batch.HasWeights ? batch.Weights.Slice(first, count) : default,
        _activations.Probabilities.Slice(first, count),
        _activations.LogitGradient.Slice(first, count),
        batch.WholeSize);

    private void ForwardToLogits(Batch batch, in TowerPass pass)
    {
        BeginForward(batch, training: pass.IsTraining);
        _bottom.ForwardPass(batch.DenseMatrix, _activations.Features.ColumnRange(0, Config.FeatureDimension), pass);
        Stages.End(Stage.BottomForward);
        FinishFeatures(batch);
        ForwardTop(0, batch.Size, pass);
    }

    /// <summary>Checks the batch, makes room, and on several ranks sends what is looked up.</summary>
    private void BeginForward(Batch batch, bool training)
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
        if (Parallel is null)
        {
            _tables.Validate(batch);
        }
        else
        {
            Parallel.ExchangeLookups(batch, training);
        }

        Stages.End(Stage.Validate);
        _activations.Resize(batch.Size);
        _bottom.Reserve(batch.Size);
        _interaction.Reserve(batch.Size);
        _top.Reserve(batch.Size);
        if (Parallel is not null)
        {
            Parallel.StartForward();
            Stages.End(Stage.EmbeddingForward);
        }
    }

    /// <summary>The pooled vectors of all tables.</summary>
    private void FinishFeatures(Batch batch)
    {
        if (Parallel is null)
        {
            _tables.Forward(batch, _activations.Features);
            Stages.End(Stage.EmbeddingForward);
        }
        else
        {
            Parallel.FinishForward(batch, _activations.Features);
            Stages.End(Stage.ExchangeWait);
        }
    }

    /// <summary>Interaction and top tower for samples [first, first + count).</summary>
    private void ForwardTop(int first, int count, in TowerPass pass)
    {
        Activations a = _activations;
        if (count > 0 && !_interaction.IsIdentity)
        {
            _interaction.Forward(Engine, a.Features.RowRange(first, count), a.Interacted.RowRange(first, count));
        }

        Stages.End(Stage.InteractionForward);
        _top.ForwardPass(a.Interacted.RowRange(first, count), a.LogitColumn.RowRange(first, count), pass);
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
    private void Backward(Batch batch, bool accumulates)
    {
        Stages.Begin();
        if (Parallel is { Shards: null } && !accumulates)
        {
            _top.GradientSink = _bottom.GradientSink = Parallel;
        }

        if (Parallel is not { Shards: not null })
        {
            BackwardTop(0, batch.Size, AccumulatedBatches > 0);
            Complete(_interaction.Parameters, _top.GradientSink);
        }

        Parallel?.StartTableGradients(batch, _activations.FeatureGradient, accumulates);
        Stages.End(Stage.InteractionBackward);
        if (Parallel is not { Shards: not null })
        {
            BackwardBottom(batch, 0, batch.Size, AccumulatedBatches > 0);
            _top.GradientSink = _bottom.GradientSink = null;
        }
    }

    private void BackwardTop(int first, int count, bool accumulate)
    {
        Activations a = _activations;
        MatrixView interacted = a.Interacted.RowRange(first, count);
        MatrixView interactedGradient = a.InteractedGradient.RowRange(first, count);
        _top.Backward(
            interacted, a.LogitColumn.RowRange(first, count), a.LogitGradientColumn.RowRange(first, count), interactedGradient, accumulate);
        Stages.End(Stage.TopBackward);
        if (count == 0)
        {
            ClearGradients(accumulate ? [] : _interaction.Parameters);
        }
        else if (!_interaction.IsIdentity)
        {
            _interaction.AccumulatesGradients = accumulate;
            _interaction.Backward(Engine, a.Features.RowRange(first, count), interactedGradient, a.FeatureGradient.RowRange(first, count));
        }

        Stages.End(Stage.InteractionBackward);
    }

    private void BackwardBottom(Batch batch, int first, int count, bool accumulate)
    {
        Activations a = _activations;
        int dimension = Config.FeatureDimension;
        _bottom.Backward(
            batch.DenseMatrix.RowRange(first, count),
            a.Features.RowRange(first, count).ColumnRange(0, dimension),
            a.FeatureGradient.RowRange(first, count).ColumnRange(0, dimension),
            inputGradient: default,
            accumulate);
        Stages.End(Stage.BottomBackward);
    }

    private static void ClearGradients(IReadOnlyList<Parameter> parameters)
    {
        for (int number = 0; number < parameters.Count; number++)
        {
            parameters[number].Gradient!.Span.Clear();
        }
    }

    private static void Complete(IReadOnlyList<Parameter> parameters, IGradientSink? sink)
    {
        for (int number = 0; sink is not null && number < parameters.Count; number++)
        {
            sink.Completed(parameters[number]);
        }
    }

    /// <summary>The gradients that the tables are updated with: on several ranks, of all samples in this rank's tables.</summary>
    private MatrixView TableGradient()
    {
        if (Parallel is null)
        {
            return _activations.FeatureGradient;
        }

        Parallel.FinishTableGradients();
        Stages.End(Stage.ExchangeWait);
        return Parallel.TableGradient;
    }

    private void FinishReduction()
    {
        if (Parallel is not null)
        {
            Parallel.FinishReduction();
            Stages.End(Stage.ReductionWait);
        }
    }

    private void UpdateTables(Batch lookups, MatrixView gradient, float learningRate)
    {
        _tables.SortLookups(lookups);
        Optimizer!.Sparse.RoundWith(RandomSeed, StepNumber);
        _tables.Update(gradient, Optimizer.Sparse, learningRate);
        Parallel?.Replicas?.Update(Optimizer.Sparse, learningRate);
        StepNumber++;
        Average?.Update(StepNumber);
        Stages.End(Stage.EmbeddingUpdate);
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
        Parallel?.ReduceAll(_dense);
        Parallel?.ReduceAccumulated();
        FinishReduction();
        Optimizer!.Dense.Update(Engine, learningRate);
        ParametersChanged();
        Stages.End(Stage.DenseUpdate);
        AccumulatedBatches = 0;
        UpdateTables(all.Lookups, all.FeatureGradient, sparseLearningRate);
        all.Clear();
    }
}
