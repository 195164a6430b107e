using System.Text.Json.Nodes;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Interop.TensorBoard;
using Dlrm.Model;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>What a run writes, besides metrics.jsonl, to be looked at: TensorBoard's events, MLPerf's log, curves.json.</summary>
internal sealed class RunWatchers : IDisposable
{
    private readonly RunData _data;
    private readonly RunFolder _folder;
    private readonly int[] _sliced;
    private readonly TensorBoardEvents? _tensorBoard;
    private readonly MlperfLog? _mlperf;

    /// <summary>Opens the files that the options ask for.</summary>
    /// <param name="values">The options.</param>
    /// <param name="data">The data.</param>
    /// <param name="model">The model.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="started">When the run began.</param>
    /// <exception cref="UsageException">A feature to slice by does not exist.</exception>
    public RunWatchers(OptionValues values, RunData data, DlrmModel model, RunFolder folder, DateTimeOffset started)
    {
        _data = data;
        _folder = folder;
        _sliced = FeatureChoice.Tables(values, data);
        bool mlperf = values.Get(TrainOptions.MlperfLogging);
        if (values.Get(SeeingOptions.TensorBoard) is { Length: > 0 } path)
        {
            _tensorBoard = new TensorBoardEvents(
                new EventFile(path), values.Get(SeeingOptions.Histograms) ? model : null, mlperf);
            _tensorBoard.Describe(
                RunRecord.CommandLine("train", values),
                RunRecord.Repeated(values).Select(entry => (entry.Option.Name, entry.Option.Write(entry.Value))));
        }

        if (mlperf)
        {
            _mlperf = new MlperfLog(folder.MlperfLog, Facts(values, data, model, started));
        }
    }

    /// <summary>Those who are to be told of the training.</summary>
    public IEnumerable<TrainingObserver> Observers
    {
        get
        {
            if (_tensorBoard is not null)
            {
                yield return _tensorBoard;
            }

            if (_mlperf is not null)
            {
                yield return _mlperf;
            }
        }
    }

    /// <summary>Prepares the tests to be sliced, when the options ask for it.</summary>
    public void Attach(Evaluator? evaluator)
    {
        if (evaluator is not null && _sliced.Length > 0)
        {
            evaluator.Slices = new SliceMetrics(_sliced);
        }
    }

    /// <summary>Writes what only the end of a run knows: curves.json.</summary>
    /// <param name="last">The last test; null without one.</param>
    /// <param name="evaluator">Holds its scores.</param>
    /// <returns>The slices, named.</returns>
    public IReadOnlyList<RecordedSlices> Conclude(EvaluationRecord? last, Evaluator? evaluator)
    {
        if (last is null || evaluator is not { Scores.Samples: > 0 })
        {
            return [];
        }

        IReadOnlyList<RecordedSlices> slices = SliceNames.Named(evaluator.Slices, _data);
        CurvesFile.Write(_folder.Curves, new RecordedCurves(last.Step, evaluator.Scores.ComputeCurves(), slices, evaluator.Groups?.Compute()));
        return slices;
    }

    public void Dispose()
    {
        _tensorBoard?.Dispose();
        _mlperf?.Dispose();
    }

    private static MlperfFacts Facts(OptionValues values, RunData data, DlrmModel model, DateTimeOffset started)
    {
        double rate = values.Get(TrainOptions.LearningRate);
        return new MlperfFacts
        {
            InitStarted = started,
            Seed = values.Get(TrainOptions.Seed),
            BatchSize = values.GetInt(TrainOptions.BatchSize),
            TrainSamples = data.Train.SampleCount,
            TestSamples = data.Test.SampleCount,
            Target = values.Get(TrainOptions.AucThreshold),
            Hyperparameters =
            [
                ("opt_name", JsonValue.Create(values.Get(TrainOptions.Optimizer))),
                ("opt_base_learning_rate", JsonValue.Create(rate)),
                ("opt_learning_rate_warmup_steps", JsonValue.Create(values.Get(TrainOptions.WarmUpSteps))),
                ("lr_decay_start_steps", JsonValue.Create(values.Get(TrainOptions.DecayStart))),
                ("sgd_opt_base_learning_rate", JsonValue.Create(rate)),
                ("sgd_opt_learning_rate_decay_poly_power", JsonValue.Create(2)),
                ("sgd_opt_learning_rate_decay_steps", JsonValue.Create(values.Get(TrainOptions.DecaySteps))),
            ],
            Tensors =
            [
                "embeddings",
                .. Enumerable.Range(1, model.Config.BottomMlp.Count - 1).Select(layer => $"bottom_mlp_dense{layer}"),
                .. Enumerable.Range(1, model.Config.TopWidths().Length - 1).Select(layer => $"top_mlp_dense{layer}"),
            ],
        };
    }
}
