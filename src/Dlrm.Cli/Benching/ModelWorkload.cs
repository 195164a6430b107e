using System.Text.Json;
using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Cli.Benching;

/// <summary>Training and inference of a whole model on random data.</summary>
/// <remarks>
/// Enough batches take turns that neither their data nor the table rows they look up are all in the cache when they
/// come round again. Values are random but small; what they are changes no time.
/// </remarks>
internal sealed class ModelWorkload : BenchWorkload
{
    private const float LearningRate = 0.01f;

    private static readonly Stage[] AllStages = Enum.GetValues<Stage>();

    private readonly DlrmModel _model;
    private readonly DlrmModel? _single;
    private readonly Batch[] _batches;
    private int _next;

    /// <summary>Makes a model and its batches.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="batch">B.</param>
    /// <param name="lookupsPerBag">L of the bags of each table; one number for all tables.</param>
    /// <param name="engine">What to compute with; the caller keeps it.</param>
    /// <param name="distributed">How ranks share it; null for one process.</param>
    public ModelWorkload(
        DlrmConfig config, int batch, IReadOnlyList<int> lookupsPerBag, Engine engine, DistributedOptions? distributed = null)
    {
        _model = new DlrmModel(Trainable(config), engine, distributed: distributed);
        var random = new System.Random(1);
        foreach (Parameter parameter in _model.Parameters)
        {
            uint seed = SeedOf(parameter.Name); // what ranks have in common is the same on all
            parameter.Fill(values => seed = Fill(values, seed));
        }

        _model.ParametersChanged();
        if (config.Precision != ModelPrecision.Single)
        {
            // Trained in what training can keep, it predicts in the bits of the config.
            Quantized = ModelQuantizer.Quantize(_model, config.Precision);
            _single = config.Precision.EmbeddingType == "fp32" ? null : ModelQuantizer.Quantize(_model, ModelPrecision.Single);
        }

        _batches = new Batch[Math.Clamp(8192 / batch, 4, 64)];
        for (int i = 0; i < _batches.Length; i++)
        {
            _batches[i] = RandomBatch(config, batch, lookupsPerBag, random);
        }

        if (distributed is not null)
        {
            TakeParts(config);
        }

        (double inferFlops, double trainFlops) = FlopsOfSample(config);
        InferFlops = batch * inferFlops;
        TrainFlops = batch * trainFlops;
        RowFloats = config.EmbeddingDimension;
        LargestTableBytes = (long)config.TableRows.Max() * RowFloats * sizeof(float);
        long lookups = lookupsPerBag.Count == 1 ? (long)lookupsPerBag[0] * config.TableRows.Count : lookupsPerBag.Sum(count => (long)count);
        GatheredBytes = (double)batch * lookups * RowFloats * sizeof(float);
    }

    /// <summary>The model in the bits asked for, that predicts; null for single precision.</summary>
    public DlrmModel? Quantized { get; }

    /// <summary>The same in single precision.</summary>
    public DlrmModel Single => _single ?? _model;

    /// <summary>Bytes that this rank has sent in all-to-alls and given into sums, so far.</summary>
    public (long Exchanged, long Reduced) Traffic => _model.Traffic;

    public override double TrainFlops { get; }

    public override double InferFlops { get; }

    public override double GatheredBytes { get; }

    public override int RowFloats { get; }

    public override long LargestTableBytes { get; }

    public override IReadOnlyList<string> Stages { get; } =
        [.. AllStages.Select(stage => JsonNamingPolicy.SnakeCaseLower.ConvertName(stage.ToString()))];

    /// <summary>Operations of the towers' and the interaction's matrix products for one sample.</summary>
    /// <param name="config">The model.</param>
    public static (double Infer, double Train) FlopsOfSample(DlrmConfig config)
    {
        double towers = MultiplyAdds(config.BottomMlp) + MultiplyAdds(config.TopWidths())
            + (config.CreateInteraction().FlopsPerSample / 2.0);
        double firstLayer = (double)config.BottomMlp[0] * config.BottomMlp[1];
        return (2 * towers, 2 * ((3 * towers) - firstLayer)); // nobody needs the gradient of the dense input
    }

    public override void Train()
    {
        _model.Stages.Reset();
        _model.ForwardLoss(NextBatch());
        _model.PrefetchLookups(_batches[(_next + 1) % _batches.Length]); // as the trainer does; nothing in one process
        _model.BackwardAndUpdate(LearningRate);
    }

    public override void Infer() => (Quantized ?? _model).Predict(NextBatch());

    public override void ReadStages(Span<double> milliseconds)
    {
        for (int i = 0; i < AllStages.Length; i++)
        {
            milliseconds[i] = _model.Stages.Milliseconds(AllStages[i]);
        }
    }

    public override void Dispose()
    {
        _model.Dispose();
        _single?.Dispose();
        Quantized?.Dispose();
        foreach (Batch batch in _batches)
        {
            batch.Dispose();
        }
    }

    private static double MultiplyAdds(IReadOnlyList<int> widths)
        => Enumerable.Range(1, widths.Count - 1).Sum(layer => (double)widths[layer - 1] * widths[layer]);

    /// <summary>Multiples of 2⁻¹² in (−0.04, 0.04), by a hash: tables of billions of elements are filled in seconds.</summary>
    private static uint Fill(Span<float> values, uint seed)
    {
        foreach (ref float value in values)
        {
            seed = (seed * 1664525) + 1013904223;
            value = ((int)(seed >> 24) - 128) * (1f / 4096);
        }

        return seed;
    }

    private static Batch RandomBatch(DlrmConfig config, int size, IReadOnlyList<int> lookupsPerBag, System.Random random)
    {
        var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        batch.Resize(size);
        foreach (ref float value in batch.Dense)
        {
            value = random.NextSingle();
        }

        foreach (ref float label in batch.Labels)
        {
            label = random.Next(2);
        }

        for (int table = 0; table < config.TableRows.Count; table++)
        {
            int lookups = lookupsPerBag[table % lookupsPerBag.Count];
            Span<int> offsets = batch.Offsets(table);
            for (int sample = 0; sample < offsets.Length; sample++)
            {
                offsets[sample] = sample * lookups;
            }

            foreach (ref int index in batch.ReserveIndices(table, size * lookups))
            {
                index = random.Next(config.TableRows[table]);
            }
        }

        return batch;
    }

    private static DlrmConfig Trainable(DlrmConfig config) =>
        config with { Precision = new ModelPrecision { EmbeddingType = config.Precision.EmbeddingType } };

    /// <summary>Puts this rank's parts in the batches' place.</summary>
    private void TakeParts(DlrmConfig config)
    {
        IBatchSource parts = _model.PartOf(new BatchList([.. _batches], config.TableRows));
        for (int i = 0; i < _batches.Length; i++)
        {
            var part = new Batch(config.DenseFeatures, config.TableRows.Count);
            parts.Read(i, part);
            _batches[i].Dispose();
            _batches[i] = part;
        }

        (parts as IDisposable)?.Dispose();
    }

    /// <summary>FNV-1a.</summary>
    private static uint SeedOf(string name)
    {
        uint hash = 2166136261;
        foreach (char letter in name)
        {
            hash = (hash ^ letter) * 16777619;
        }

        return hash;
    }

    /// <summary>The batch whose turn it is.</summary>
    public Batch NextBatch()
    {
        _next = (_next + 1) % _batches.Length;
        return _batches[_next];
    }
}
