using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Training;

namespace Dlrm.Reports.Recorded;

/// <summary>curves.json: the curves of a run's last test and its slices, so that reports can be drawn without the model.</summary>
/// <remarks>docs/metrics.md describes the members. The file is written beside its place and renamed into it.</remarks>
public static class CurvesFile
{
    /// <summary>Raised when a member changes its meaning.</summary>
    public const int FormatVersion = 1;

    private static readonly JsonSerializerOptions s_compact = new() { WriteIndented = false };

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recorded">What to write.</param>
    /// <exception cref="IOException">It cannot be written; an older one is left as it was.</exception>
    public static void Write(string path, RecordedCurves recorded)
    {
        var root = new JsonObject
        {
            ["format"] = FormatVersion,
            ["step"] = recorded.Step,
            ["curves"] = recorded.Curves is { } curves ? Curves(curves) : null,
            ["slices"] = Array(recorded.Slices, Slices),
        };
        if (recorded.Groups is { } groups)
        {
            root["groups"] = new JsonObject
            {
                ["count"] = groups.Groups,
                ["ranked"] = groups.Ranked,
                ["samples"] = groups.Samples,
                ["auc"] = groups.Value,
            };
        }

        PageFile.Write(path, root.ToJsonString(s_compact) + "\n");
    }

    /// <summary>The members of a feature's slices, as <c>evaluate --format=json</c> prints them too.</summary>
    /// <param name="slices">A feature's.</param>
    public static JsonObject Slices(RecordedSlices slices) => new()
    {
        ["feature"] = slices.Feature,
        ["values"] = slices.Values,
        ["slices"] = Array(slices.Slices, one => new JsonObject
        {
            ["value"] = one.Value,
            ["row"] = one.Slice.Row,
            ["samples"] = one.Slice.Metrics.Samples,
            ["label_rate"] = one.Slice.Metrics.LabelRate,
            ["label_rate_low"] = one.Slice.Low,
            ["label_rate_high"] = one.Slice.High,
            ["mean_score"] = one.Slice.Metrics.MeanScore,
            ["log_loss"] = one.Slice.Metrics.LogLoss,
            ["auc"] = one.Slice.Metrics.Auc,
            ["ne"] = one.Slice.Metrics.NormalizedEntropy,
            ["calibration"] = one.Slice.Metrics.Calibration,
            ["accuracy"] = one.Slice.Metrics.Accuracy,
            ["positives"] = one.Slice.Metrics.Positives,
        }),
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is damaged, or of a newer version.</exception>
    public static RecordedCurves Read(string path)
    {
        try
        {
            JsonNode root = JsonNode.Parse(File.ReadAllText(path)) ?? throw new FormatException("it is empty");
            int version = (int)root["format"]!;
            if (version > FormatVersion)
            {
                throw new InvalidDataException(
                    $"{path} has format {version}, this version of dlrm reads {FormatVersion}: use a newer dlrm.");
            }

            return new RecordedCurves(
                (long)root["step"]!,
                root["curves"] is { } curves ? ReadCurves(curves) : null,
                [.. root["slices"]!.AsArray().Select(slices => ReadSlices(slices!))],
                root["groups"] is { } groups
                    ? new GroupAuc(
                        (long)groups["count"]!, (long)groups["ranked"]!, (long)groups["samples"]!, (double?)groups["auc"])
                    : null);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or NullReferenceException
            or InvalidOperationException or IndexOutOfRangeException or ArgumentOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException($"{path} is damaged: {exception.Message}", exception);
        }
    }

    private static JsonObject Curves(EvaluationCurves curves) => new()
    {
        ["roc"] = Array(curves.Roc, point => Numbers(point.FalsePositiveRate, point.TruePositiveRate, point.Threshold)),
        ["precision_recall"] = Array(curves.PrecisionRecall, point => Numbers(point.Recall, point.Precision, point.Threshold)),
        ["calibration"] = Array(
            curves.Calibration, bin => Numbers(bin.Samples, bin.MeanScore, bin.LabelRate, bin.Low, bin.High)),
        ["scores"] = new JsonObject
        {
            ["upper"] = curves.Scores.Upper,
            ["positives"] = Array(curves.Scores.Positives, count => JsonValue.Create(count)),
            ["negatives"] = Array(curves.Scores.Negatives, count => JsonValue.Create(count)),
        },
    };

    private static EvaluationCurves ReadCurves(JsonNode node) => new()
    {
        Roc = [.. Rows(node["roc"], 3).Select(row => new RocPoint(row[0], row[1], row[2]))],
        PrecisionRecall = [.. Rows(node["precision_recall"], 3).Select(row => new PrecisionRecallPoint(row[0], row[1], row[2]))],
        Calibration =
        [
            .. Rows(node["calibration"], 5).Select(row => new CalibrationBin((long)row[0], row[1], row[2], row[3], row[4])),
        ],
        Scores = new ScoreHistogram(
            (double)node["scores"]!["upper"]!, Counts(node["scores"]!["positives"]), Counts(node["scores"]!["negatives"])),
    };

    private static RecordedSlices ReadSlices(JsonNode node) => new(
        (string)node["feature"]!, (long)node["values"]!, [.. node["slices"]!.AsArray().Select(slice => ReadSlice(slice!))]);

    private static RecordedSlice ReadSlice(JsonNode node) => new(
        (string)node["value"]!,
        new Slice(
            (int)node["row"]!,
            new EvaluationMetrics
            {
                Samples = (long)node["samples"]!,
                LabelRate = (double)node["label_rate"]!,
                MeanScore = (double?)node["mean_score"],
                LogLoss = (double?)node["log_loss"],
                Accuracy = (double)node["accuracy"]!,
                Auc = (double?)node["auc"],
                NormalizedEntropy = (double?)node["ne"],
                Calibration = (double?)node["calibration"],
                Positives = (long?)node["positives"],
                AveragePrecision = null,
                Precision = null,
                Recall = null,
                F1 = null,
            },
            (double?)node["label_rate_low"],
            (double?)node["label_rate_high"]));

    /// <summary>A row of numbers; JSON has no infinity, which becomes null.</summary>
    private static JsonArray Numbers(params ReadOnlySpan<double> numbers)
    {
        var row = new JsonArray();
        foreach (double number in numbers)
        {
            row.Add(double.IsFinite(number) ? JsonValue.Create(number) : null);
        }

        return row;
    }

    private static IEnumerable<double[]> Rows(JsonNode? node, int width) => node!.AsArray().Select(row =>
    {
        double[] numbers = [.. row!.AsArray().Select(number => number is null ? double.PositiveInfinity : (double)number)];
        return numbers.Length == width ? numbers : throw new FormatException($"a point of {numbers.Length} numbers, not {width}");
    });

    private static long[] Counts(JsonNode? node) => [.. node!.AsArray().Select(count => (long)count!)];

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonNode?> convert) => [.. items.Select(convert)];
}
