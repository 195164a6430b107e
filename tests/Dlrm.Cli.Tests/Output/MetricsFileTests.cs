using System.Text.Json;
using Dlrm.Cli.Output;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Cli.Tests.Output;

public sealed class MetricsFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void A_training_line_has_the_numbers_in_round_trip_precision()
    {
        double loss = 1.0 / 3;
        using (var file = new MetricsFile(_path))
        {
            file.Trained(new TrainRecord(12, 2, 10, 1, loss, 1.25, 0.1f, 384));
        }

        Assert.Equal(
            """{"kind":"train","step":12,"epoch":1,"loss":0.3333333333333333,"ms_per_it":1.25,"lr":0.1,"samples":384}""" + "\n",
            File.ReadAllText(_path));
    }

    [Fact]
    public void A_test_line_has_all_metrics_and_null_for_the_undefined()
    {
        EvaluationMetrics metrics = ReferenceLinesTests.Metrics(0.8125) with { Auc = null };
        using (var file = new MetricsFile(_path))
        {
            file.Evaluated(new EvaluationRecord(12, 2, 10, 1, metrics, 0.25, 0.9, null, false));
        }

        using JsonDocument line = JsonDocument.Parse(File.ReadAllText(_path));
        JsonElement root = line.RootElement;
        Assert.Equal("eval", root.GetProperty("kind").GetString());
        Assert.Equal(0.8125, root.GetProperty("accuracy").GetDouble());
        Assert.Equal(0.25, root.GetProperty("loss").GetDouble());
        Assert.Equal(0.9, root.GetProperty("best_accuracy").GetDouble());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("auc").ValueKind);
        foreach (string name in new[] { "samples", "ne", "calibration", "log_loss", "precision", "recall", "f1", "average_precision" })
        {
            Assert.True(root.GetProperty(name).GetDouble() > 0, name);
        }
    }

    [Fact]
    public void A_line_can_be_read_as_soon_as_it_is_written()
    {
        using var file = new MetricsFile(_path);
        file.Trained(new TrainRecord(1, 1, 10, 0, double.NaN, 1, 0.1, 2));
        using var reader = new StreamReader(new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Assert.Contains("\"loss\":null", reader.ReadLine(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_framed_by_what_it_will_be_and_how_it_ended()
    {
        using (var file = new MetricsFile(_path))
        {
            file.Started(new TrainingPlan(2, 10, 1280, 0, 0));
            file.Ended(new RunEnd(RunEnd.Completed, 20, 2560));
            Assert.Single(Read()); // The end is written last of all: a checkpoint made after it must not hold it.
        }

        Assert.Equal(
            [
                """{"kind":"run","version":1,"steps":20,"epochs":2,"samples_per_epoch":1280}""",
                """{"kind":"end","outcome":"completed","step":20,"samples":2560}""",
            ],
            Read());
    }

    [Fact]
    public void A_run_that_is_left_without_an_end_has_failed()
    {
        using (var file = new MetricsFile(_path))
        {
            file.Started(new TrainingPlan(1, 10, 1280, 0, 0));
            file.Trained(new TrainRecord(4, 4, 10, 0, 0.5, 1, 0.1, 512));
        }

        Assert.Equal("""{"kind":"end","outcome":"failed","step":4,"samples":512}""", Read()[^1]);
    }

    private string[] Read()
    {
        using var reader = new StreamReader(new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().TrimEnd('\n').Split('\n');
    }

    public void Dispose() => File.Delete(_path);
}
