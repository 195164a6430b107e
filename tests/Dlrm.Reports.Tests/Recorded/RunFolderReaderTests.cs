using Dlrm.Reports.Recorded;
using Xunit;

namespace Dlrm.Reports.Tests.Recorded;

public sealed class RunFolderReaderTests : IDisposable
{
    private readonly RunFolders _runs = new();

    [Fact]
    public void A_folder_is_read_whole()
    {
        RecordedRun run = RunFolderReader.Read(_runs.Add("a"));
        Assert.Equal(("a", "drawn", "completed", 1000), (run.Name, run.Data, run.Outcome, run.Parameters));
        Assert.Equal(10, run.Training.Count);
        Assert.Equal(12800, run.Training[^1].Samples);
        Assert.Equal(200, run.TrainingMilliseconds);
        Assert.Equal([0.65, 0.7], run.Evaluations.Select(record => record.Metrics.Auc!.Value));
        Assert.Contains(KeyValuePair.Create("--optimizer", "sgd"), run.Configuration);
        Assert.Empty(run.Remarks);
    }

    [Fact]
    public void Curves_come_back_as_they_were()
    {
        RecordedCurves written = RunFolders.Curves();
        CurvesFile.Write(_runs["curves.json"], written);
        RecordedCurves read = CurvesFile.Read(_runs["curves.json"]);
        Assert.Equal(written.Step, read.Step);
        Assert.Equal(written.Curves!.Roc, read.Curves!.Roc);
        Assert.Equal(written.Curves.PrecisionRecall, read.Curves.PrecisionRecall);
        Assert.Equal(written.Curves.Calibration, read.Curves.Calibration);
        Assert.Equal(written.Curves.Scores.Positives, read.Curves.Scores.Positives);
        Assert.Equal(written.Curves.Scores.Negatives, read.Curves.Scores.Negatives);
        Assert.Equal(written.Groups, read.Groups);
        Assert.Equal(written.Slices[0].Feature, read.Slices[0].Feature);
        Assert.Equal(
            written.Slices[0].Slices.Select(slice => (slice.Value, slice.Slice.Row, slice.Slice.Metrics.Auc, slice.Slice.Low)),
            read.Slices[0].Slices.Select(slice => (slice.Value, slice.Slice.Row, slice.Slice.Metrics.Auc, slice.Slice.Low)));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("metrics.jsonl")]
    public void A_missing_file_is_named(string name)
    {
        string folder = _runs.Add("a");
        File.Delete(Path.Combine(folder, name));
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => RunFolderReader.Read(folder));
        Assert.StartsWith($"{folder} has no {name}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_a_newer_version_are_refused_as_such()
    {
        string folder = _runs.Add("a");
        File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), """{"kind":"run","version":2}""" + "\n");
        Assert.Contains("version 2", Assert.Throws<InvalidDataException>(() => RunFolderReader.Read(folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"format":3}""");
        Assert.Contains("format 3", Assert.Throws<InvalidDataException>(() => RunFolderReader.Read(folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "curves.json"), """{"format":2}""");
        Assert.Contains("format 2", Assert.Throws<InvalidDataException>(() => CurvesFile.Read(Path.Combine(folder, "curves.json"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_line_is_named_with_its_number()
    {
        string folder = _runs.Add("a");
        File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), RunFolders.Train(1, 1) + "\n{\"kind\":\n");
        Assert.Contains("metrics.jsonl line 2:", Assert.Throws<InvalidDataException>(() => RunFolderReader.Read(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_line_of_a_killed_run_may_be_cut_off()
    {
        string folder = _runs.Add("a", curves: false);
        File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), $"{RunFolders.Train(1, 1)}\n{RunFolders.Test(1, 0.6)}\n{{\"kin");
        RecordedRun run = RunFolderReader.Read(folder);
        Assert.Single(run.Training);
        Assert.Equal("end not recorded", run.Outcome);
        Assert.Equal(2, run.Remarks.Count); // The cut line, and the curves that are not there.
    }

    [Fact]
    public void Steps_that_were_done_again_count_once()
    {
        string folder = _runs.Add("a");
        File.AppendAllLines(
            Path.Combine(folder, "metrics.jsonl"),
            [RunFolders.Train(70, 7), RunFolders.Test(70, 0.9)]);
        RecordedRun run = RunFolderReader.Read(folder);
        Assert.Equal([10, 20, 30, 40, 50, 60, 70], run.Training.Select(record => record.Step));
        Assert.Equal([50, 70], run.Evaluations.Select(record => record.Step));
        Assert.Equal("end not recorded", run.Outcome);
    }

    public void Dispose() => _runs.Dispose();
}
