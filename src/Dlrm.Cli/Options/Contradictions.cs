using System.Globalization;
using Dlrm.Cli.Running;

namespace Dlrm.Cli.Options;

/// <summary>Refuses options that cannot hold together, before anything is read or written.</summary>
internal static class Contradictions
{
    /// <summary>Checks the options of a run.</summary>
    /// <exception cref="UsageException">Two of them contradict; the message names both.</exception>
    public static void Check(OptionValues values)
    {
        CheckData(values);
        CheckHeldOut(values);
        CheckAverage(values);
        CheckLoss(values);
        TableContradictions.Check(values);
        TowerOptionSet.Check(values);
        _ = ModelSetup.Config(values, shape: null);
        CheckRate(values);
        CheckTests(values);
        CheckPaths(values);
    }

    /// <summary>Tests are with the averages: what keeps the parameters of a test would keep others than those tested.</summary>
    private static void CheckAverage(OptionValues values)
    {
        if (values.Get(AccuracyOptions.AverageWeights) == 0)
        {
            return;
        }

        ToolOption? other =
            values.Get(AccuracyOptions.EarlyStopping) > 0 ? AccuracyOptions.EarlyStopping
            : values.Get(CheckpointingOptions.SaveBest).Length > 0 ? CheckpointingOptions.SaveBest
            : values.Get(RunOptions.SaveModel).Length > 0 ? RunOptions.SaveModel
            : values.Get(PrecisionOptions.EmbeddingType) != "fp32" ? PrecisionOptions.EmbeddingType
            : null;
        if (other is not null)
        {
            throw new UsageException(
                $"{AccuracyOptions.AverageWeights.Switch}={values.Text(AccuracyOptions.AverageWeights)} and "
                + $"{other.Switch}={values.Text(other)} cannot go together: "
                + (other == PrecisionOptions.EmbeddingType ? "averages are of tables in single precision. " : "the average is the model of the end, not of a test. ")
                + $"Leave {other.Switch} out, or give {AccuracyOptions.AverageWeights.Switch}=0.");
        }
    }

    /// <summary>Options that are given and change nothing, one line each; the reference ignores them without a word.</summary>
    public static IEnumerable<string> WithoutEffect(OptionValues values)
    {
        string loss = values.Get(ModelOptions.Loss);
        if (values.IsGiven(ModelOptions.LossWeights) && loss != "wbce")
        {
            yield return $"--loss-weights has no effect with --loss-function={loss}; it is for wbce.";
        }

        foreach (ToolOption<double> threshold in new[] { TrainOptions.AccuracyThreshold, TrainOptions.AucThreshold })
        {
            if (values.Get(threshold) > 0 && !values.Get(TrainOptions.MlperfLogging))
            {
                yield return $"{threshold.Switch} has no effect without --mlperf-logging.";
            }
        }

        foreach (ToolOption option in PrecisionOptions.Requests.Where(values.IsGiven))
        {
            yield return $"{option.Switch} has no effect in training: add --inference-only, or give it to dlrm quantize or dlrm evaluate.";
        }

        if (values.Get(SeeingOptions.Histograms) && values.Get(SeeingOptions.TensorBoard).Length == 0)
        {
            yield return "--tensor-board-histograms has no effect without --tensor-board-filename=DIR.";
        }

        if (values.IsGiven(SeeingOptions.Slices) && values.Get(TrainOptions.TestFrequency) <= 0)
        {
            yield return "--report-slices has no effect without tests: add --test-freq=N.";
        }

        string optimizer = values.Get(TrainOptions.Optimizer);
        if (values.IsGiven(TrainOptions.Momentum) && optimizer != "sgd")
        {
            yield return $"--momentum has no effect with --optimizer={optimizer}; it is for sgd.";
        }

        foreach (ToolOption<double> option in new[] { TrainOptions.FtrlBeta, TrainOptions.FtrlL1, TrainOptions.FtrlL2 })
        {
            if (values.IsGiven(option) && optimizer != "ftrl")
            {
                yield return $"{option.Switch} has no effect with --optimizer={optimizer}; it is for ftrl.";
            }
        }

        foreach (ToolOption<long> option in new[] { TrainOptions.DecayStart, TrainOptions.DecaySteps })
        {
            if (values.IsGiven(option) && values.Get(TrainOptions.Schedule) == "constant")
            {
                yield return $"{option.Switch} has no effect with --lr-schedule=constant.";
            }
        }

        foreach ((ToolOption<bool> flag, IReadOnlyList<ToolOption> details) in new[]
        {
            (ModelOptions.QuotientRemainder, ModelOptions.QuotientRemainderDetails),
            (ModelOptions.MixedDimension, ModelOptions.MixedDimensionDetails),
        })
        {
            foreach (ToolOption detail in details.Where(detail => !values.Get(flag) && values.IsGiven(detail)))
            {
                yield return $"{detail.Switch} has no effect without {flag.Switch}.";
            }
        }

        foreach (string line in CrossOptionSet.WithoutEffect(values).Concat(TableContradictions.WithoutEffect(values)))
        {
            yield return line;
        }

        if (values.Get(ModelOptions.InteractionItself) && values.Get(ModelOptions.Interaction) != "dot")
        {
            yield return $"--arch-interaction-itself has no effect with --arch-interaction-op={values.Get(ModelOptions.Interaction)}.";
        }
    }

    /// <summary>Checks the options that say where samples come from.</summary>
    /// <exception cref="UsageException">Two of them contradict; the message names both.</exception>
    public static void CheckData(OptionValues values)
    {
        string generation = values.Get(DataOptions.Generation);
        string raw = values.Get(DataOptions.RawFile);
        BinaryData.Check(values);
        if (values.Get(DataOptions.BinaryLoader))
        {
            return;
        }

        if (generation != DataOptions.DataSet && raw.Length > 0)
        {
            throw new UsageException(
                $"--raw-data-file={raw} is given, but --data-generation={generation} would not read it: "
                + "add --data-generation=dataset, or leave the file out.");
        }

        DataSetOptions.Check(values);
        TraceFlags.CheckData(values);
        if (generation == DataOptions.DataSet && raw.Length == 0 && !DataSetOptions.NamesFolder(values))
        {
            throw new UsageException(
                "--data-generation=dataset needs the data set's text file: add --raw-data-file=FILE.");
        }

        if (raw.Length > 0 && !File.Exists(raw))
        {
            throw new UsageException($"--raw-data-file={raw}: there is no such file.");
        }

        if (values.Get(DataOptions.MaxIndex) == 0)
        {
            throw new UsageException("--max-ind-range=0 leaves no row: give 1 or more, or -1 for no bound.");
        }
    }

    /// <summary>Early stopping and what lowers the rate need samples that neither train nor test the model.</summary>
    private static void CheckHeldOut(OptionValues values)
    {
        string generation = values.Get(DataOptions.Generation);
        bool folder = DataSetOptions.NamesFolder(values);
        ToolOption[] textOnly =
            [AccuracyOptions.ValidationFraction, AccuracyOptions.TestFraction, AccuracyOptions.MinFrequency, AccuracyOptions.NumbersAsCategories, AccuracyOptions.Standardize];
        if (folder && textOnly.FirstOrDefault(values.IsGiven) is { } unused)
        {
            throw new UsageException(
                $"{unused.Switch} is for rows read from a text file, but --data-set={values.Get(DataOptions.Set)} is a folder, whose parts "
                + "and categories dlrm preprocess decided: leave it out"
                + (unused == AccuracyOptions.ValidationFraction ? ", and name the part that is held out with --validation-split." : "."));
        }

        if (!folder && values.IsGiven(AccuracyOptions.ValidationSplit))
        {
            throw new UsageException("--validation-split names a part of a data set folder: add --data-set=DIR, or use --validation-fraction.");
        }

        if (values.IsGiven(AccuracyOptions.ValidationFraction) && values.Get(AccuracyOptions.ValidationFraction) > 0
            && DataOptions.AreDrawn(values))
        {
            throw new UsageException(
                $"--validation-fraction holds samples of a data set out, but --data-generation={generation} draws new ones: leave it out.");
        }

        bool watches = values.Get(AccuracyOptions.EarlyStopping) > 0 || values.Get(AccuracyOptions.ReduceOnPlateau).Factor > 0;
        if (!watches)
        {
            return;
        }

        ToolOption named = values.Get(AccuracyOptions.EarlyStopping) > 0 ? AccuracyOptions.EarlyStopping : AccuracyOptions.ReduceOnPlateau;
        if (!AccuracyOptions.HoldsOut(values))
        {
            throw new UsageException(
                $"{named.Switch} needs samples held out of training to judge by; the test samples would no longer test: add "
                + (folder ? "--validation-split=validation." : "--validation-fraction=0.1."));
        }

        if (values.Get(TrainOptions.TestFrequency) <= 0)
        {
            throw new UsageException($"{named.Switch} needs tests to judge by: add --test-freq=N, steps between tests.");
        }
    }

    private static void CheckLoss(OptionValues values)
    {
        IReadOnlyList<double> weights = values.Get(ModelOptions.LossWeights);
        if (weights.Count != 2)
        {
            throw new UsageException(
                $"--loss-weights={string.Join('-', weights.Select(w => w.ToString(CultureInfo.InvariantCulture)))} has "
                + $"{weights.Count} {(weights.Count == 1 ? "number" : "numbers")}; it takes two, for negatives and positives, "
                + "such as 1.0-3.5.");
        }
    }

    private static void CheckRate(OptionValues values)
    {
        long warmUp = values.Get(TrainOptions.WarmUpSteps);
        long start = values.Get(TrainOptions.DecayStart);
        bool falls = values.Get(TrainOptions.Schedule) != "constant";
        if (falls && (values.Get(TrainOptions.DecaySteps) > 0 || values.IsGiven(TrainOptions.DecayStart)) && start < warmUp)
        {
            throw new UsageException(
                $"The learning rate would fall from step {start} (--lr-decay-start-step) while it still rises until step "
                + $"{warmUp} (--lr-num-warmup-steps): start the fall at {warmUp} or later.");
        }
    }

    private static void CheckTests(OptionValues values)
    {
        bool target = values.Get(TrainOptions.MlperfLogging)
            && (values.Get(TrainOptions.AccuracyThreshold) > 0 || values.Get(TrainOptions.AucThreshold) > 0);
        if (target && !values.Get(TrainOptions.InferenceOnly) && values.Get(TrainOptions.TestFrequency) <= 0)
        {
            throw new UsageException("A target needs tests to reach it in: add --test-freq=N.");
        }
    }

    private static void CheckPaths(OptionValues values)
    {
        string load = values.Get(RunOptions.LoadModel);
        if (load.Length > 0 && !Directory.Exists(load) && !(ForeignModel.IsNamed(load) && File.Exists(load)))
        {
            throw new UsageException($"--load-model={load}: there is no such {(ForeignModel.IsNamed(load) ? "file" : "folder")}.");
        }
    }
}
