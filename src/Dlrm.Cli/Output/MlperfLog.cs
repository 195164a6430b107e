using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>What MLPerf's log says of a run besides its course.</summary>
internal sealed record MlperfFacts
{
    /// <summary>When the program began to load data and to build the model.</summary>
    public required DateTimeOffset InitStarted { get; init; }

    /// <summary>The run's seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Samples of a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Training samples of an epoch.</summary>
    public required long TrainSamples { get; init; }

    /// <summary>Test samples.</summary>
    public required long TestSamples { get; init; }

    /// <summary>Hyperparameters under MLPerf's keys, in the order to write.</summary>
    public required IReadOnlyList<(string Key, JsonNode? Value)> Hyperparameters { get; init; }

    /// <summary>Names of the tensors that were given their first values.</summary>
    public required IReadOnlyList<string> Tensors { get; init; }

    /// <summary>AUC that makes the run a success; 0 for none, when a run that completes is one.</summary>
    public required double Target { get; init; }
}

/// <summary>--mlperf-logging: mllog.txt in the format and with the keys that MLPerf's compliance checker reads.</summary>
/// <remarks>
/// The keys are those of the rules for <c>dlrm</c> in mlcommons/logging (training 1.0 to 2.1). Epochs count from 1; a
/// block is an epoch. Each line is written at once. Who submits is taken from the environment: MLPERF_SUBMISSION_ORG,
/// MLPERF_SUBMISSION_PLATFORM, MLPERF_SUBMISSION_DIVISION and MLPERF_SUBMISSION_STATUS.
/// </remarks>
internal sealed class MlperfLog : TrainingObserver, IDisposable
{
    private readonly StreamWriter _file;
    private readonly MlperfFacts _facts;
    private readonly TimeProvider _clock;
    private TrainingPlan? _plan;
    private int _epoch;
    private bool _inEpoch;
    private bool _ended;
    private double? _best;

    /// <summary>Creates the file and writes what is known before the first step.</summary>
    public MlperfLog(string path, MlperfFacts facts, TimeProvider? clock = null)
    {
        _facts = facts;
        _clock = clock ?? TimeProvider.System;
        _file = new StreamWriter(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
        {
            AutoFlush = true,
            NewLine = "\n",
        };
        Event("submission_benchmark", "dlrm");
        Event("submission_org", Variable("ORG", "dlrm.net"));
        Event("submission_division", Variable("DIVISION", "closed"));
        Event("submission_status", Variable("STATUS", "onprem"));
        Event("submission_platform", Variable(
            "PLATFORM", string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}, {Environment.ProcessorCount} cores")));
        Event("seed", facts.Seed);
        Event("cache_clear", true);
        Write("INTERVAL_START", "init_start", null, null, facts.InitStarted);
        Event("global_batch_size", facts.BatchSize);
        Event("gradient_accumulation_steps", 1);
        Event("train_samples", facts.TrainSamples);
        Event("eval_samples", facts.TestSamples);
        foreach ((string key, JsonNode? value) in facts.Hyperparameters)
        {
            Event(key, value);
        }

        foreach (string tensor in facts.Tensors)
        {
            Write("POINT_IN_TIME", "weights_initialization", null, new JsonObject { ["tensor"] = tensor });
        }
    }

    public override void Started(TrainingPlan plan)
    {
        _plan = plan;
        _epoch = plan.BatchesPerEpoch > 0 ? (int)(plan.FirstStep / plan.BatchesPerEpoch) : 0;
        Write("INTERVAL_END", "init_stop", null, null);
        Write("INTERVAL_START", "run_start", null, null);
        StartEpoch();
    }

    public override void Trained(TrainRecord record) => Reach(record.Epoch);

    public override void Testing(TrainRecord record)
    {
        Reach(record.Epoch);
        Write("INTERVAL_START", "eval_start", null, Epoch(Position(record.Iteration, record.BatchesPerEpoch, record.Epoch)));
    }

    public override void Evaluated(EvaluationRecord record)
    {
        double position = Position(record.Iteration, record.BatchesPerEpoch, record.Epoch);
        Write("INTERVAL_END", "eval_stop", null, Epoch(position));
        if (record.Metrics.Auc is { } auc)
        {
            _best = Math.Max(_best ?? 0, auc);
        }

        Write("POINT_IN_TIME", "eval_accuracy", record.Metrics.Auc is { } value ? JsonValue.Create(value) : null, Epoch(position));
    }

    public override void Ended(RunEnd end)
    {
        if (_plan is null || _ended)
        {
            return;
        }

        _ended = true;
        StopEpoch();
        bool success = end.Outcome is RunEnd.Completed or RunEnd.TargetReached && (_facts.Target <= 0 || _best > _facts.Target);
        Write("INTERVAL_END", "run_stop", null, new JsonObject
        {
            ["status"] = success ? "success" : "aborted",
            ["samples"] = end.Samples,
        });
    }

    /// <summary>Closes the file; a run without an end was aborted.</summary>
    public void Dispose()
    {
        Ended(new RunEnd(RunEnd.Failed, 0, 0));
        _file.Dispose();
    }

    private static string Variable(string name, string otherwise) =>
        Environment.GetEnvironmentVariable("MLPERF_SUBMISSION_" + name) is { Length: > 0 } value ? value : otherwise;

    private static JsonObject Epoch(double number) => new() { ["epoch_num"] = number };

    /// <summary>As in the reference: 1.5 in the middle of the first epoch.</summary>
    private static double Position(int iteration, int batches, int epoch) => ((double)iteration / batches) + epoch + 1;

    private void Reach(int epoch)
    {
        if (epoch > _epoch)
        {
            StopEpoch();
            _epoch = epoch;
            StartEpoch();
        }
    }

    private void StartEpoch()
    {
        _inEpoch = true;
        Write("INTERVAL_START", "block_start", null, new JsonObject { ["first_epoch_num"] = _epoch + 1, ["epoch_count"] = 1 });
        Write("INTERVAL_START", "epoch_start", null, Epoch(_epoch + 1));
    }

    private void StopEpoch()
    {
        if (_inEpoch)
        {
            _inEpoch = false;
            Write("INTERVAL_END", "epoch_stop", null, Epoch(_epoch + 1));
            Write("INTERVAL_END", "block_stop", null, new JsonObject { ["first_epoch_num"] = _epoch + 1 });
        }
    }

    private void Event(string key, JsonNode? value) => Write("POINT_IN_TIME", key, value, null);

    private void Write(string type, string key, JsonNode? value, JsonObject? metadata, DateTimeOffset? time = null) =>
        _file.WriteLine(":::MLLOG " + new JsonObject
        {
            ["namespace"] = "",
            ["time_ms"] = (time ?? _clock.GetUtcNow()).ToUnixTimeMilliseconds(),
            ["event_type"] = type,
            ["key"] = key,
            ["value"] = value,
            ["metadata"] = metadata ?? [],
        }.ToJsonString());
}
