using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>Reads lines of metrics.jsonl back.</summary>
internal static class MetricsLine
{
    /// <summary>Gives a line to whom it is for; other kinds, and a line cut short, to nobody.</summary>
    /// <param name="line">The line.</param>
    /// <param name="batchesPerEpoch">Steps of an epoch.</param>
    /// <param name="trained">Takes intervals.</param>
    /// <param name="evaluated">Takes tests.</param>
    public static void Read(string line, int batchesPerEpoch, Action<TrainRecord> trained, Action<EvaluationRecord> evaluated)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            return;
        }

        string? kind = (string?)node?["kind"];
        if (kind is not ("train" or "eval"))
        {
            return;
        }

        long step = (long)Number("step");
        int epoch = (int)Number("epoch");
        int iteration = (int)(step - ((long)epoch * batchesPerEpoch));
        if (kind == "train")
        {
            trained(new TrainRecord(
                step, iteration, batchesPerEpoch, epoch, Number("loss"), Number("ms_per_it"), Number("lr"), (long)Number("samples")));
            return;
        }

        var metrics = new EvaluationMetrics
        {
            Samples = (long)Number("samples"),
            LabelRate = Number("label_rate"),
            MeanScore = Known("mean_score"),
            LogLoss = Known("log_loss"),
            Accuracy = Number("accuracy"),
            Auc = Known("auc"),
            AveragePrecision = Known("average_precision"),
            Precision = Known("precision"),
            Recall = Known("recall"),
            F1 = Known("f1"),
            NormalizedEntropy = Known("ne"),
            Calibration = Known("calibration"),
        };
        evaluated(new EvaluationRecord(
            step, iteration, batchesPerEpoch, epoch, metrics, Number("loss"), Number("best_accuracy"), Known("best_auc"),
            (bool?)node!["is_best"] ?? false));

        double? Known(string name) => (double?)node![name];

        double Number(string name) => Known(name) ?? double.NaN;
    }
}
