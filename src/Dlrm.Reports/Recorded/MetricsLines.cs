using System.Globalization;
using System.Text.Json;
using Dlrm.Training;

namespace Dlrm.Reports.Recorded;

/// <summary>Reads the lines of metrics.jsonl, one after another, and keeps what they say.</summary>
/// <remarks>
/// Kinds and members that are not known are passed over. A line that goes back to an earlier step voids what came after
/// that step: a run that was resumed from a checkpoint has done those steps again.
/// </remarks>
public sealed class MetricsLines
{
    /// <summary>The newest version that is read.</summary>
    public const int FormatVersion = 1;

    private readonly List<TrainRecord> _training = [];
    private readonly List<EvaluationRecord> _evaluations = [];
    private readonly List<EvaluationRecord> _furtherTests = [];

    /// <summary>Training intervals, in order.</summary>
    public IReadOnlyList<TrainRecord> Training => _training;

    /// <summary>Test passes, in order.</summary>
    public IReadOnlyList<EvaluationRecord> Evaluations => _evaluations;

    /// <summary>Passes over further test sets, in order.</summary>
    public IReadOnlyList<EvaluationRecord> FurtherTests => _furtherTests;

    /// <summary>Steps of the whole run; 0 while the file has not said.</summary>
    public long Steps { get; private set; }

    /// <summary>Steps of an epoch; 0 while the file has not said.</summary>
    public int StepsPerEpoch { get; private set; }

    /// <summary>How the run ended, as its last line says; null while it goes on.</summary>
    public string? Outcome { get; private set; }

    /// <summary>Reads a line.</summary>
    /// <param name="line">Without its end.</param>
    /// <exception cref="InvalidDataException">It is no such line, or of a newer version; the message says what is wrong.</exception>
    public void Read(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            string start = line.Length <= 40 ? line : line[..40] + "…";
            throw new InvalidDataException($"'{start}' is not a line of metrics.jsonl: {exception.Message}", exception);
        }
    }

    private static double Number(JsonElement root, string name) => Optional(root, name) ?? double.NaN;

    private static double? Optional(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static long Whole(JsonElement root, string name, long otherwise) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : otherwise;

    private void Read(JsonElement root)
    {
        switch (root.GetProperty("kind").GetString())
        {
            case "run":
                ReadRun(root);
                break;
            case "train":
                (long step, int iteration, int epoch) = Place(root);
                Add(new TrainRecord(
                    step, iteration, StepsPerEpoch, epoch, Number(root, "loss"), Optional(root, "ms_per_it") ?? 0, Number(root, "lr"),
                    Whole(root, "samples", 0)));
                break;
            case "eval":
                Add(ReadEvaluation(root));
                break;
            case "eval_part":
                EvaluationRecord part = ReadEvaluation(root);
                _furtherTests.RemoveAll(earlier => earlier.Step >= part.Step && earlier.Part == part.Part);
                _furtherTests.Add(part);
                break;
            case "end":
                Outcome = root.GetProperty("outcome").GetString();
                break;
            default:
                break;
        }
    }

    private void ReadRun(JsonElement root)
    {
        long version = root.GetProperty("version").GetInt64();
        if (version > FormatVersion)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"metrics.jsonl has version {version}, this version of dlrm reads {FormatVersion}: use a newer dlrm."));
        }

        Steps = Whole(root, "steps", 0);
        StepsPerEpoch = Whole(root, "epochs", 0) is var epochs and > 0 ? (int)(Steps / epochs) : 0;
    }

    /// <summary>Step of the run, steps done in the epoch (0 where the file does not say how long one is), epoch.</summary>
    private (long Step, int Iteration, int Epoch) Place(JsonElement root)
    {
        long step = root.GetProperty("step").GetInt64();
        int epoch = (int)Whole(root, "epoch", 0);
        return (step, StepsPerEpoch == 0 ? 0 : (int)(step - ((long)epoch * StepsPerEpoch)), epoch);
    }

    private void Add(TrainRecord record)
    {
        Outcome = null; // An end before was that of a run which has been taken up again.
        if (_training.Count > 0 && _training[^1].Step >= record.Step)
        {
            _training.RemoveAll(earlier => earlier.Step >= record.Step);
            _evaluations.RemoveAll(earlier => earlier.Step >= record.Step);
            _furtherTests.RemoveAll(earlier => earlier.Step >= record.Step);
        }

        _training.Add(record);
    }

    private void Add(EvaluationRecord record)
    {
        _evaluations.RemoveAll(earlier => earlier.Step >= record.Step);
        _evaluations.Add(record);
    }

    private EvaluationRecord ReadEvaluation(JsonElement root)
    {
        var metrics = new EvaluationMetrics
        {
            Samples = root.GetProperty("samples").GetInt64(),
            LabelRate = Optional(root, "label_rate") ?? 0,
            MeanScore = Optional(root, "mean_score"),
            LogLoss = Optional(root, "log_loss"),
            Accuracy = Number(root, "accuracy"),
            Auc = Optional(root, "auc"),
            AveragePrecision = Optional(root, "average_precision"),
            Precision = Optional(root, "precision"),
            Recall = Optional(root, "recall"),
            F1 = Optional(root, "f1"),
            NormalizedEntropy = Optional(root, "ne"),
            Calibration = Optional(root, "calibration"),
            Positives = (long?)Optional(root, "positives"),
        };
        bool best = root.TryGetProperty("is_best", out JsonElement isBest) && isBest.ValueKind == JsonValueKind.True;
        (long step, int iteration, int epoch) = Place(root);
        return new EvaluationRecord(
            step, iteration, StepsPerEpoch, epoch, metrics, Number(root, "loss"), Optional(root, "best_accuracy") ?? metrics.Accuracy,
            Optional(root, "best_auc"), best)
        {
            Part = root.TryGetProperty("part", out JsonElement part) ? part.GetString() : null,
        };
    }
}
