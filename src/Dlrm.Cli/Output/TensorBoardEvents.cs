using Dlrm.Interop.TensorBoard;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Cli.Output;

/// <summary>--tensor-board-filename: a run as TensorBoard's events, under the reference's tags where it has one.</summary>
/// <param name="file">Receives them.</param>
/// <param name="model">Whose parameters and gradients are drawn as histograms; null for none.</param>
/// <param name="mlperf">True to write the reference's tags of <c>--mlperf-logging</c> as well.</param>
internal sealed class TensorBoardEvents(EventFile file, DlrmModel? model, bool mlperf) : TrainingObserver, IDisposable
{
    private const int Piece = 1 << 20;
    private long _step;
    private long _drawn = -1;
    private long _samples;

    /// <summary>Writes the run's configuration as a table.</summary>
    /// <param name="command">The command line that repeats the run.</param>
    /// <param name="options">Options and their values.</param>
    public void Describe(string command, IEnumerable<(string Name, string Value)> options)
    {
        file.Text("run/command", 0, $"    {command}");
        IEnumerable<string> rows = options.Select(option => $"| {Cell(option.Name)} | {Cell(option.Value)} |");
        file.Text("run/configuration", 0, string.Join('\n', rows.Prepend("| --- | --- |").Prepend("| option | value |")));
    }

    public override void Started(TrainingPlan plan)
    {
        _step = plan.FirstStep;
        if (plan.FirstStep > 0)
        {
            file.Resumed(plan.FirstStep);
        }

        Draw(gradients: false);
    }

    public override void Trained(TrainRecord record)
    {
        long steps = record.Step - _step;
        long samples = record.Samples - _samples;
        (_step, _samples) = (record.Step, record.Samples);
        file.Scalar("Train/Loss", record.Step, record.Loss);
        file.Scalar("Train/LearningRate", record.Step, record.LearningRate);
        file.Scalar("Train/MillisecondsPerStep", record.Step, record.MillisecondsPerStep);
        if (record.MillisecondsPerStep > 0 && steps > 0)
        {
            file.Scalar("Train/SamplesPerSecond", record.Step, samples / (record.MillisecondsPerStep * steps / 1000));
        }
    }

    public override void Evaluated(EvaluationRecord record)
    {
        EvaluationMetrics metrics = record.Metrics;
        Write("Test", record);
        if (mlperf)
        {
            Defined(record, "mlperf-metrics-test/recall", metrics.Recall);
            Defined(record, "mlperf-metrics-test/precision", metrics.Precision);
            Defined(record, "mlperf-metrics-test/f1", metrics.F1);
            Defined(record, "mlperf-metrics-test/ap", metrics.AveragePrecision);
            Defined(record, "mlperf-metrics-test/roc_auc", metrics.Auc);
            Defined(record, "mlperf-metrics-test/accuracy", metrics.Accuracy);
        }

        _step = record.Step;
        Draw(gradients: true);
    }

    public override void EvaluatedPart(EvaluationRecord record) => Write(record.Part!, record);

    private void Write(string group, EvaluationRecord record)
    {
        EvaluationMetrics metrics = record.Metrics;
        Defined(record, group + "/Acc", metrics.Accuracy);
        Defined(record, group + "/Loss", record.Loss);
        Defined(record, group + "/LogLoss", metrics.LogLoss);
        Defined(record, group + "/AUC", metrics.Auc);
        Defined(record, group + "/NormalizedEntropy", metrics.NormalizedEntropy);
        Defined(record, group + "/Calibration", metrics.Calibration);
        Defined(record, group + "/AveragePrecision", metrics.AveragePrecision);
    }

    private void Defined(EvaluationRecord record, string tag, double? value)
    {
        if (value is { } defined)
        {
            file.Scalar(tag, record.Step, defined);
        }
    }

    public override void Ended(RunEnd end)
    {
        if (end.Outcome != RunEnd.Failed)
        {
            _step = end.Step;
            Draw(gradients: end.Step > 0);
        }
    }

    public void Dispose() => file.Dispose();

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static ValueHistogram HistogramOf(NativeBuffer<float> values)
    {
        var histogram = new ValueHistogram();
        for (long start = 0; start < values.Length; start += Piece)
        {
            histogram.Add(values.Slice(start, (int)Math.Min(Piece, values.Length - start)));
        }

        return histogram;
    }

    private void Draw(bool gradients)
    {
        if (model is null || _step == _drawn)
        {
            return;
        }

        _drawn = _step;
        foreach (Parameter parameter in model.Parameters)
        {
            file.Histogram($"parameters/{parameter.Name}", _step, HistogramOf(parameter.Value));
            if (gradients && parameter.Gradient is { } gradient)
            {
                file.Histogram($"gradients/{parameter.Name}", _step, HistogramOf(gradient));
            }
        }
    }
}
